// Bytes from hex, for this folder's tests (crypto may not include codec).
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "base/bytes.hpp"

namespace tp::crypto {

inline bytes unhex(std::string_view text) {
  const auto digit = [](char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  return out;
}

template <std::size_t N>
std::array<std::uint8_t, N> unhex_array(std::string_view text) {
  const bytes from = unhex(text);
  std::array<std::uint8_t, N> out{};
  std::copy_n(from.begin(), std::min(N, from.size()), out.begin());
  return out;
}

}  // namespace tp::crypto
