// The identify message (libp2p specs, identify/README): what a peer says about itself on /ipfs/id/1.0.0.
// Values only; the responder writes one message behind a varint length and half-closes.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "codec/peer_id.hpp"

namespace tp::p2p {

inline constexpr std::string_view identify_protocol = "/ipfs/id/1.0.0";
inline constexpr std::string_view ping_protocol = "/ipfs/ping/1.0.0";
inline constexpr std::size_t ping_bytes = 32;

struct identify_message {
  bytes public_key;                     // codec::peer_id::key_message()
  std::vector<bytes> listen_addresses;  // binary multiaddrs, without /p2p
  std::vector<std::string> protocols;
  bytes observed_address;  // binary multiaddr; empty = unknown
  std::string protocol_version;
  std::string agent_version;
};

// With its length prefix. Empty fields are left out.
bytes encode(const identify_message& message);

// Without length prefix; at most limits::identify_bytes_max. Errors: too_large, too_many (entries),
// invalid_protobuf.
result<identify_message> parse_identify(bytes_view message);

}  // namespace tp::p2p
