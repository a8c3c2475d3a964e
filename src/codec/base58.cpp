#include "codec/base58.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace tp::codec {

namespace {

constexpr std::string_view alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

// Turns a big-endian number of one base into digits of another, least significant first: number = number *
// from + d for each digit d. Leading zeros are not part of a number; the callers carry them over one by one.
void push_digit(bytes& number, unsigned digit, unsigned from, unsigned to) {
  unsigned carry = digit;
  for (std::uint8_t& place : number) {
    carry += place * from;
    place = static_cast<std::uint8_t>(carry % to);
    carry /= to;
  }
  for (; carry != 0; carry /= to) number.push_back(static_cast<std::uint8_t>(carry % to));
}

}  // namespace

result<std::string> base58_encode(bytes_view data) {
  if (data.size() > limits::base58_bytes_max) return errc::too_large;
  bytes digits;
  for (const std::uint8_t byte : data) push_digit(digits, byte, 256, 58);
  const auto zeros =
      std::find_if(data.begin(), data.end(), [](std::uint8_t b) { return b != 0; }) - data.begin();
  std::string text(static_cast<std::size_t>(zeros), '1');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) text.push_back(alphabet[*digit]);
  return text;
}

result<bytes> base58_decode(std::string_view text) {
  if (text.size() > limits::base58_text_max) return errc::too_large;
  bytes reversed;
  for (const char c : text) {
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos) return errc::invalid_base58;
    push_digit(reversed, static_cast<unsigned>(digit), 58, 256);
  }
  const std::size_t zeros = std::min(text.find_first_not_of('1'), text.size());
  bytes data(zeros, 0);
  data.insert(data.end(), reversed.rbegin(), reversed.rend());
  if (data.size() > limits::base58_bytes_max) return errc::too_large;  // what we could not write again
  return data;
}

}  // namespace tp::codec
