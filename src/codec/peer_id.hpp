// Who a node is: its Ed25519 public key, written as a libp2p peer id (E2EE section 1), 52 characters
// "12D3KooW…". A value, cheap to copy, any thread. An existing peer_id is always well-formed, though the key
// may be nobody's. Refuses every other key type, CID forms and every text that does not encode again to
// itself.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace tp::codec {

class peer_id {
 public:
  static constexpr std::size_t text_size = 52;
  static constexpr std::size_t multihash_size = 38;
  static constexpr std::size_t key_message_size = 36;

  // Each fails with bad_peer_id.
  static result<peer_id> parse(std::string_view text);
  static result<peer_id> from_multihash(bytes_view multihash);
  static result<peer_id> from_key_message(bytes_view protobuf);

  static peer_id from_public_key(std::span<const std::uint8_t, 32> key);

  const std::array<std::uint8_t, 32>& public_key() const noexcept { return key_; }
  std::string text() const;
  bytes multihash() const;    // 38 bytes: 00 24, then key_message
  bytes key_message() const;  // 36 bytes: libp2p's protobuf PublicKey
  safe_id for_log() const { return safe_id(text()); }

  auto operator<=>(const peer_id&) const = default;

 private:
  explicit peer_id(std::span<const std::uint8_t, 32> key);
  std::array<std::uint8_t, 32> key_{};
};

}  // namespace tp::codec

template <>
struct std::hash<tp::codec::peer_id> {
  std::size_t operator()(const tp::codec::peer_id& id) const noexcept {
    std::size_t value = 0;  // a public key is already evenly spread
    std::memcpy(&value, id.public_key().data(), sizeof value);
    return value;
  }
};
