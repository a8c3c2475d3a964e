// Choosing without branching: masks of all ones (yes) or all zeros (no), for code whose time may not depend
// on what it found inside a secret. Pure, any thread. Values compared are below 2^31. Comparing whole buffers
// is equal_in_constant_time of hash.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace tp::crypto {

using ct_mask = std::uint32_t;
inline constexpr ct_mask ct_yes = 0xffffffffU;
inline constexpr ct_mask ct_no = 0;

// Hides from the compiler that a mask has two values only: it would make a branch of it.
inline std::uint32_t ct_hidden(std::uint32_t value) {
  __asm__ volatile("" : "+r"(value));
  return value;
}

inline ct_mask ct_is_zero(std::uint32_t value) { return ct_hidden(0U - ((~value & (value - 1U)) >> 31)); }
inline ct_mask ct_equal(std::uint32_t a, std::uint32_t b) { return ct_is_zero(a ^ b); }
inline ct_mask ct_less(std::uint32_t a, std::uint32_t b) { return ct_hidden(0U - ((a - b) >> 31)); }
inline ct_mask ct_within(std::uint32_t value, std::uint32_t least, std::uint32_t most) {
  return ~ct_less(value, least) & ~ct_less(most, value);
}

inline std::uint32_t ct_select(ct_mask choose, std::uint32_t yes, std::uint32_t no) {
  return (choose & yes) | (~choose & no);
}
// out = choose ? from : out; equal sizes (asserted).
inline void ct_replace(ct_mask choose, bytes_view from, bytes_span out) {
  TP_ASSERT(from.size() == out.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint8_t>(ct_select(choose, from[i], out[i]));
}

}  // namespace tp::crypto
