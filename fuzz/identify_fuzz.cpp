// Identify messages are bounded, and what was read can be written and read again.
#include "libp2p/identify.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "codec/varint.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const auto parsed = p2p::parse_identify({data, size});
  if (!parsed) return 0;
  TP_ASSERT(parsed->protocols.size() + parsed->listen_addresses.size() <= limits::identify_entries_max);
  const bytes written = p2p::encode(*parsed);
  const auto length = codec::read_uvarint(written);
  TP_ASSERT(length && length->size + length->value == written.size());
  if (length->value > limits::identify_bytes_max) return 0;  // a missing key is written as an empty one
  const auto again = p2p::parse_identify(bytes_view(written).subspan(length->size));
  TP_ASSERT(again && again->protocols == parsed->protocols && again->public_key == parsed->public_key &&
            again->listen_addresses == parsed->listen_addresses &&
            again->agent_version == parsed->agent_version);
  return 0;
}
