#include "codec/peer_id.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "codec/base58.hpp"

namespace tp::codec {

namespace {

// Identity multihash of 36 bytes, then PublicKey{ Type = Ed25519, Data = 32 bytes }.
constexpr std::array<std::uint8_t, 6> multihash_start{0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
constexpr std::size_t key_size = 32;
static_assert(multihash_start.size() + key_size == peer_id::multihash_size);

// The key behind `start`, when `data` is exactly those bytes and a key.
result<peer_id> key_after(bytes_view start, bytes_view data) {
  if (data.size() != start.size() + key_size) return errc::bad_peer_id;
  if (!std::equal(start.begin(), start.end(), data.begin())) return errc::bad_peer_id;
  return peer_id::from_public_key(data.last<key_size>());
}

}  // namespace

peer_id::peer_id(std::span<const std::uint8_t, 32> key) { std::copy(key.begin(), key.end(), key_.begin()); }

result<peer_id> peer_id::parse(std::string_view text) {
  if (text.size() != text_size) return errc::bad_peer_id;
  const auto decoded = base58_decode(text);
  if (!decoded) return errc::bad_peer_id;
  return from_multihash(*decoded);  // base58 has one text for one byte string: no need to encode again
}

result<peer_id> peer_id::from_multihash(bytes_view multihash) {
  return key_after(multihash_start, multihash);
}

result<peer_id> peer_id::from_key_message(bytes_view protobuf) {
  return key_after(bytes_view(multihash_start).subspan(2), protobuf);
}

peer_id peer_id::from_public_key(std::span<const std::uint8_t, 32> key) { return peer_id(key); }

std::string peer_id::text() const {
  const auto text = base58_encode(multihash());
  TP_ASSERT(text && text->size() == text_size);
  return *text;
}

bytes peer_id::multihash() const {
  bytes data(multihash_start.begin(), multihash_start.end());
  append(data, key_);
  return data;
}

bytes peer_id::key_message() const {
  bytes data(multihash_start.begin() + 2, multihash_start.end());
  append(data, key_);
  return data;
}

}  // namespace tp::codec
