// One text for one id, and only canonical bytes are taken.
#include "codec/peer_id.hpp"

#include "base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const bytes_view input(data, size);
  if (const auto id = codec::peer_id::parse(as_chars(input))) {
    TP_ASSERT(id->text() == as_chars(input));
    TP_ASSERT(id->for_log().text() == id->text());
  }
  if (const auto id = codec::peer_id::from_multihash(input)) TP_ASSERT(id->multihash() == to_bytes(input));
  if (const auto id = codec::peer_id::from_key_message(input))
    TP_ASSERT(id->key_message() == to_bytes(input));
  if (size >= 32) {
    const auto id = codec::peer_id::from_public_key(input.first<32>());
    const auto parsed = codec::peer_id::parse(id.text());
    TP_ASSERT(parsed && *parsed == id);
  }
  return 0;
}
