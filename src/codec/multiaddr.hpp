// libp2p's self-describing addresses, text and binary: /ip4/192.0.2.1/tcp/4001/ws/p2p/12D3KooW…
// A value, any thread. Knows the protocols this project meets (see the table in multiaddr.cpp); refuses
// others, values that do not fit their protocol, empty addresses, varints that are not minimal, trailing
// slashes, and anything longer than limits::multiaddr_bytes_max or with more parts than
// limits::multiaddr_parts_max. Binary is canonical: decode then encode gives the same bytes. Text is
// normalised (IPv6 as RFC 5952).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "codec/peer_id.hpp"

namespace tp::codec {

enum class multiaddr_code : std::uint32_t {
  ip4 = 4,
  tcp = 6,
  ip6 = 41,
  dns = 53,
  dns4 = 54,
  dns6 = 55,
  dnsaddr = 56,
  udp = 273,
  webrtc_direct = 280,
  webrtc = 281,
  p2p_circuit = 290,
  p2p = 421,
  tls = 448,
  sni = 449,
  quic_v1 = 461,
  webtransport = 465,
  certhash = 466,
  ws = 477,
  wss = 478,
};

struct multiaddr_part {
  multiaddr_code code;
  bytes value;  // as in the binary form, without its length; empty for protocols without a value
  bool operator==(const multiaddr_part&) const = default;
};

class multiaddr {
 public:
  // Each fails with invalid_multiaddr.
  static result<multiaddr> parse(std::string_view text);
  static result<multiaddr> decode(bytes_view binary);
  static result<multiaddr> from_parts(std::vector<multiaddr_part> parts);

  const std::vector<multiaddr_part>& parts() const noexcept { return parts_; }
  std::string text() const;
  bytes encode() const;
  // The value of a part as its text ("192.0.2.1", "4001", a name); empty for protocols without a value.
  static std::string value_text(const multiaddr_part& part);

  // The first part of that kind, or null.
  const multiaddr_part* find(multiaddr_code code) const noexcept;
  // Of the first tcp or udp part.
  std::optional<std::uint16_t> port() const noexcept;
  // Of the last p2p part when it is an Ed25519 id: the peer at the end of the address.
  std::optional<peer_id> peer() const;

  bool operator==(const multiaddr&) const = default;

 private:
  explicit multiaddr(std::vector<multiaddr_part> parts) : parts_(std::move(parts)) {}
  std::vector<multiaddr_part> parts_;
};

}  // namespace tp::codec
