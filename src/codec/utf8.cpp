#include "codec/utf8.hpp"

#include <cstring>

namespace tp::codec {

namespace {

struct lead {
  std::size_t size;            // of the whole character, 0 when no character begins so
  std::uint8_t second_lowest;  // the second byte decides on overlong forms, surrogates and the upper end
  std::uint8_t second_highest;
};

lead lead_of(std::uint8_t first) {
  if (first < 0x80) return {1, 0, 0};
  if (first < 0xc2) return {0, 0, 0};
  if (first < 0xe0) return {2, 0x80, 0xbf};
  if (first == 0xe0) return {3, 0xa0, 0xbf};
  if (first == 0xed) return {3, 0x80, 0x9f};
  if (first < 0xf0) return {3, 0x80, 0xbf};
  if (first == 0xf0) return {4, 0x90, 0xbf};
  if (first < 0xf4) return {4, 0x80, 0xbf};
  if (first == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

bool eight_are_ascii(const std::uint8_t* data) {
  std::uint64_t eight = 0;
  std::memcpy(&eight, data, sizeof eight);
  return (eight & 0x8080808080808080U) == 0;
}

}  // namespace

bool valid_utf8(bytes_view data) {
  std::size_t at = 0;
  while (at < data.size()) {
    if (data.size() - at >= 8 && eight_are_ascii(data.data() + at)) {
      at += 8;
      continue;
    }
    const lead first = lead_of(data[at]);
    if (first.size == 0 || first.size > data.size() - at) return false;
    if (first.size > 1 && (data[at + 1] < first.second_lowest || data[at + 1] > first.second_highest))
      return false;
    for (std::size_t i = 2; i < first.size; ++i) {
      if ((data[at + i] & 0xc0) != 0x80) return false;
    }
    at += first.size;
  }
  return true;
}

}  // namespace tp::codec
