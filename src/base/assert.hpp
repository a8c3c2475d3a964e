// TP_ASSERT(condition): a bug of ours, never of the input. It stays on in release builds; it prints place and
// condition, no values.
#pragma once

namespace tp {
[[noreturn]] void assert_failed(const char* condition, const char* file, int line) noexcept;
}

#define TP_ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::tp::assert_failed(#condition, __FILE__, __LINE__))
