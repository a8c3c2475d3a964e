#include "libp2p/identify.hpp"

#include "base/limits.hpp"
#include "codec/protobuf.hpp"
#include "codec/varint.hpp"

namespace tp::p2p {
namespace {

constexpr std::uint32_t public_key_field = 1, listen_address_field = 2, protocol_field = 3,
                        observed_address_field = 4, protocol_version_field = 5, agent_version_field = 6;

}  // namespace

bytes encode(const identify_message& message) {
  bytes body;
  codec::put_bytes_field(body, public_key_field, bytes_view(message.public_key));
  for (const bytes& address : message.listen_addresses)
    codec::put_bytes_field(body, listen_address_field, bytes_view(address));
  for (const std::string& protocol : message.protocols)
    codec::put_bytes_field(body, protocol_field, protocol);
  if (!message.observed_address.empty())
    codec::put_bytes_field(body, observed_address_field, bytes_view(message.observed_address));
  if (!message.protocol_version.empty())
    codec::put_bytes_field(body, protocol_version_field, message.protocol_version);
  if (!message.agent_version.empty())
    codec::put_bytes_field(body, agent_version_field, message.agent_version);
  bytes out;
  codec::put_uvarint(out, body.size());
  append(out, bytes_view(body));
  return out;
}

result<identify_message> parse_identify(bytes_view message) {
  if (message.size() > limits::identify_bytes_max) return errc::too_large;
  identify_message parsed;
  codec::protobuf_reader reader(message);
  for (;;) {
    const auto field = reader.next();
    if (!field) return field.error();
    if (!*field) return parsed;
    const codec::protobuf_field& value = **field;
    if (value.type != codec::protobuf_type::bytes) continue;
    const std::string text(as_chars(value.data));
    switch (value.number) {
      case public_key_field:
        parsed.public_key = to_bytes(value.data);
        break;
      case listen_address_field:
        parsed.listen_addresses.push_back(to_bytes(value.data));
        break;
      case protocol_field:
        parsed.protocols.push_back(text);
        break;
      case observed_address_field:
        parsed.observed_address = to_bytes(value.data);
        break;
      case protocol_version_field:
        parsed.protocol_version = text;
        break;
      case agent_version_field:
        parsed.agent_version = text;
        break;
      default:
        break;
    }
    if (parsed.listen_addresses.size() + parsed.protocols.size() > limits::identify_entries_max)
      return errc::too_many;
  }
}

}  // namespace tp::p2p
