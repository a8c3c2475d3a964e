#include "codec/hex.hpp"

namespace tp::codec {

namespace {

constexpr std::string_view alphabet = "0123456789abcdef";
constexpr unsigned no_digit = 16;

unsigned digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  return no_digit;
}

}  // namespace

std::string hex_encode(bytes_view data) {
  std::string text;
  text.reserve(data.size() * 2);
  for (const std::uint8_t byte : data) {
    text.push_back(alphabet[byte >> 4]);
    text.push_back(alphabet[byte & 15]);
  }
  return text;
}

result<bytes> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return errc::invalid_hex;
  bytes data;
  data.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const unsigned high = digit_of(text[i]);
    const unsigned low = digit_of(text[i + 1]);
    if (high == no_digit || low == no_digit) return errc::invalid_hex;
    data.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return data;
}

}  // namespace tp::codec
