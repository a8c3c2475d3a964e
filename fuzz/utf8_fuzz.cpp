// Against a second, plain decoder: the code point is worked out and its shortest size compared.
#include "codec/utf8.hpp"

#include "base/assert.hpp"

namespace {

bool plain_decoder_accepts(tp::bytes_view data) {
  std::size_t at = 0;
  while (at < data.size()) {
    const std::uint8_t first = data[at];
    const std::size_t size = first < 0x80       ? 1
                             : first >> 5 == 6  ? 2
                             : first >> 4 == 14 ? 3
                             : first >> 3 == 30 ? 4
                                                : 0;
    if (size == 0 || at + size > data.size()) return false;
    std::uint32_t point = size == 1 ? first : first & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
      if (data[at + i] >> 6 != 2) return false;
      point = point << 6 | (data[at + i] & 0x3fU);
    }
    const std::size_t shortest = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (shortest != size || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    at += size;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  TP_ASSERT(tp::codec::valid_utf8(tp::bytes_view(data, size)) == plain_decoder_accepts({data, size}));
  return 0;
}
