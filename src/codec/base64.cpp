#include "codec/base64.hpp"

#include <array>

namespace tp::codec {

namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> digits_of(std::string_view alphabet) {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    digits[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}

constexpr auto standard_digits = digits_of(standard_alphabet);
constexpr auto url_digits = digits_of(url_alphabet);

std::string encode(bytes_view data, std::string_view alphabet) {
  std::string text;
  text.reserve((data.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= data.size(); i += 3) {
    const std::uint32_t group =
        (std::uint32_t{data[i]} << 16) | (std::uint32_t{data[i + 1]} << 8) | data[i + 2];
    text.push_back(alphabet[group >> 18]);
    text.push_back(alphabet[(group >> 12) & 63]);
    text.push_back(alphabet[(group >> 6) & 63]);
    text.push_back(alphabet[group & 63]);
  }
  if (data.size() - i == 1) {
    text.push_back(alphabet[data[i] >> 2]);
    text.push_back(alphabet[(data[i] & 3U) << 4]);
  } else if (data.size() - i == 2) {
    const std::uint32_t group = (std::uint32_t{data[i]} << 8) | data[i + 1];
    text.push_back(alphabet[group >> 10]);
    text.push_back(alphabet[(group >> 4) & 63]);
    text.push_back(alphabet[(group & 15) << 2]);
  }
  return text;
}

// `text` has no padding.
result<bytes> decode(std::string_view text, const std::array<std::uint8_t, 256>& digits) {
  if (text.size() % 4 == 1) return errc::invalid_base64;
  bytes data;
  data.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::uint8_t digit = digits[static_cast<std::uint8_t>(c)];
    if (digit == no_digit) return errc::invalid_base64;
    held = (held << 6) | digit;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      data.push_back(static_cast<std::uint8_t>(held >> bits));
      held &= (1U << bits) - 1;
    }
  }
  if (held != 0) return errc::invalid_base64;  // bits that no encoder writes
  return data;
}

}  // namespace

std::string base64_encode(bytes_view data) {
  std::string text = encode(data, standard_alphabet);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

result<bytes> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return errc::invalid_base64;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  return decode(text.substr(0, text.size() - padding), standard_digits);
}

std::string base64url_encode(bytes_view data) { return encode(data, url_alphabet); }

result<bytes> base64url_decode(std::string_view text) { return decode(text, url_digits); }

}  // namespace tp::codec
