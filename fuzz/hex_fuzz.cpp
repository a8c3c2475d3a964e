// What decodes encodes to the same text, and every byte string survives the round trip.
#include "codec/hex.hpp"

#include "base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const bytes_view input(data, size);
  if (const auto decoded = codec::hex_decode(as_chars(input))) {
    TP_ASSERT(codec::hex_encode(*decoded) == as_chars(input));
  }
  const auto back = codec::hex_decode(codec::hex_encode(input));
  TP_ASSERT(back && *back == to_bytes(input));
  return 0;
}
