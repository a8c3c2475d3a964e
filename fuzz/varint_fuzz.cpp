// A QUIC varint re-encodes to its value, in no more bytes; a LEB128 one to its very bytes.
#include "codec/varint.hpp"

#include <algorithm>

#include "base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const bytes_view input(data, size);
  if (const auto quic = codec::read_varint(input)) {
    TP_ASSERT(quic->size <= size && quic->value <= codec::varint_max);
    bytes shortest;
    codec::put_varint(shortest, quic->value);
    TP_ASSERT(shortest.size() <= quic->size && shortest.size() == codec::varint_size(quic->value));
    TP_ASSERT(codec::read_varint(shortest)->value == quic->value);
  }
  const auto leb = codec::read_uvarint(input);
  if (leb && leb->size > 0) {
    TP_ASSERT(leb->size <= size && leb->size == codec::uvarint_size(leb->value));
    bytes again;
    codec::put_uvarint(again, leb->value);
    TP_ASSERT(std::equal(again.begin(), again.end(), data, data + leb->size));
  }
  return 0;
}
