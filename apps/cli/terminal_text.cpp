#include "cli/terminal_text.hpp"

#include <algorithm>
#include <cstdint>

namespace tp::cli {

namespace {

// Bytes of the UTF-8 sequence that begins with `lead`; 0 if none can.
std::size_t sequence_size(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

std::uint32_t code_point(std::string_view sequence) {
  static constexpr unsigned char lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  std::uint32_t value = static_cast<unsigned char>(sequence.front()) & lead_mask[sequence.size()];
  for (const char c : sequence.substr(1)) value = (value << 6U) | (static_cast<unsigned char>(c) & 0x3fU);
  return value;
}

bool is_harmless(std::uint32_t point) {
  if (point < 0x20) return point == '\t' || point == '\n';
  const bool is_control = point >= 0x7f && point <= 0x9f;
  const bool turns_text = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
  return !is_control && !turns_text;
}

bool continues_well(std::string_view sequence) {
  return std::all_of(sequence.begin() + 1, sequence.end(),
                     [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; });
}

}  // namespace

std::string terminal_text::clean(std::string_view piece) {
  std::string input = std::move(waiting_);
  waiting_.clear();
  input.append(piece);
  std::string out;
  std::string_view rest = input;
  while (!rest.empty()) {
    const std::size_t size = sequence_size(static_cast<unsigned char>(rest.front()));
    if (size > rest.size()) {
      waiting_ = rest;
      break;
    }
    const bool is_whole = size > 0 && continues_well(rest.substr(0, size));
    if (is_whole && is_harmless(code_point(rest.substr(0, size)))) out.append(rest.substr(0, size));
    if (!is_whole) out.append("\xef\xbf\xbd");
    rest.remove_prefix(is_whole ? size : 1);
  }
  return out;
}

std::string clean_line(std::string_view text) {
  terminal_text filter;
  std::string clean = filter.clean(text);
  std::replace(clean.begin(), clean.end(), '\n', ' ');
  std::replace(clean.begin(), clean.end(), '\t', ' ');
  return clean;
}

}  // namespace tp::cli
