// Byte classes of HTTP and a little ASCII, for HTTP codecs and readers of field values. Constant data and
// pure functions, any thread. Everything here looks at bytes, never at the locale.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tp::codec::chars {

inline constexpr std::uint8_t token = 1;    // tchar, RFC 9110 section 5.6.2
inline constexpr std::uint8_t value = 2;    // what a field value of a head may hold: tab, 20–7e, 80–ff
inline constexpr std::uint8_t visible = 4;  // 21–7e
inline constexpr std::uint8_t host = 8;     // RFC 3986 host and port, without user information

constexpr std::array<std::uint8_t, 256> make_table() {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  constexpr std::string_view host_marks = "-._~%!$&'()*+;=:[]";
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter_or_digit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    unsigned flags = 0;
    if (letter_or_digit) flags |= token | host;
    if (c < 128 && marks.find(static_cast<char>(c)) != std::string_view::npos) flags |= token;
    if (c < 128 && host_marks.find(static_cast<char>(c)) != std::string_view::npos) flags |= host;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) flags |= value;
    if (c > 0x20 && c < 0x7f) flags |= visible;
    table[c] = static_cast<std::uint8_t>(flags);
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 256> table = make_table();

constexpr bool is(char c, std::uint8_t what) noexcept {
  return (table[static_cast<std::uint8_t>(c)] & what) != 0;
}

constexpr bool all(std::string_view text, std::uint8_t what) noexcept {
  for (const char c : text) {
    if (!is(c, what)) return false;
  }
  return true;
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool is_white(char c) noexcept { return c == ' ' || c == '\t'; }

// `lower_text` is in lower case already.
constexpr bool equals_lower(std::string_view text, std::string_view lower_text) noexcept {
  if (text.size() != lower_text.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_text[i]) return false;
  }
  return true;
}

constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_white(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_white(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace tp::codec::chars
