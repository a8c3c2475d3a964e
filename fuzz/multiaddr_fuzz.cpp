// Binary is canonical; text normalises to a fixed point; both forms carry the same address.
#include "codec/multiaddr.hpp"

#include "base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const bytes_view input(data, size);
  if (const auto address = codec::multiaddr::decode(input)) {
    TP_ASSERT(address->encode() == to_bytes(input));
    const auto from_text = codec::multiaddr::parse(address->text());
    TP_ASSERT(from_text && *from_text == *address);
  }
  if (const auto address = codec::multiaddr::parse(as_chars(input))) {
    const auto from_binary = codec::multiaddr::decode(address->encode());
    TP_ASSERT(from_binary && *from_binary == *address);
    const auto again = codec::multiaddr::parse(address->text());
    TP_ASSERT(again && again->text() == address->text());
    address->port();
    address->peer();
  }
  return 0;
}
