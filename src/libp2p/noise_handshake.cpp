#include "libp2p/noise_handshake.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/secret.hpp"
#include "codec/protobuf.hpp"

namespace tp::p2p {
namespace {

constexpr std::string_view protocol_name =
    "Noise_XX_25519_ChaChaPoly_SHA256";  // 32 bytes: used as the first hash
constexpr std::string_view signature_prefix = "noise-libp2p-static-key:";
constexpr std::size_t key_bytes = 32;
constexpr std::size_t sealed_key_bytes = key_bytes + crypto::aead_tag_bytes;

// Fields of NoiseHandshakePayload and NoiseExtensions (libp2p specs, noise/README).
constexpr std::uint32_t identity_key_field = 1, identity_signature_field = 2, extensions_field = 4;
constexpr std::uint32_t stream_muxers_field = 2;

bytes signed_text(bytes_view static_key) {
  bytes text = to_bytes(signature_prefix);
  append(text, static_key);
  return text;
}

std::size_t begin_message(bytes& out) {
  out.resize(out.size() + 2);
  return out.size();
}

void end_message(bytes& out, std::size_t begin) {
  const std::size_t size = out.size() - begin;
  out[begin - 2] = static_cast<std::uint8_t>(size >> 8);
  out[begin - 1] = static_cast<std::uint8_t>(size);
}

enum class early_muxer { none, yamux };

result<early_muxer> read_extensions(bytes_view extensions) {
  early_muxer listed = early_muxer::none;
  codec::protobuf_reader reader(extensions);
  for (;;) {
    const auto field = reader.next();
    if (!field) return errc::noise_failed;
    if (!*field) return listed;
    const codec::protobuf_field& value = **field;
    if (value.number != stream_muxers_field || value.type != codec::protobuf_type::bytes) continue;
    if (as_chars(value.data) == yamux_protocol) listed = early_muxer::yamux;
  }
}

}  // namespace

noise_handshake::noise_handshake(role as, const crypto::ed25519_key& identity,
                                 std::optional<codec::peer_id> expected, random_source& random)
    : role_(as),
      step_(as == role::dialer ? step::expect_answer : step::expect_ephemeral),
      identity_(identity),
      expected_(expected),
      static_(crypto::x25519_key::generate(random)),
      ephemeral_(crypto::x25519_key::generate(random)) {
  static_assert(protocol_name.size() == sizeof(crypto::digest));
  std::ranges::copy(as_bytes(protocol_name), hash_.begin());
  chaining_key_ = hash_;
  mix_hash({});  // the prologue is empty on every transport of ours
}

noise_handshake::~noise_handshake() {
  wipe(chaining_key_.data(), chaining_key_.size());
  wipe(key_.data(), key_.size());
}

void noise_handshake::start(bytes& out) {
  if (role_ == role::listener) return;
  mix_hash(ephemeral_.public_key);
  const std::size_t begin = begin_message(out);
  append(out, bytes_view(ephemeral_.public_key));
  mix_hash({});  // the empty payload
  end_message(out, begin);
}

result<void> noise_handshake::on_message(bytes_view message, bytes& out) {
  result<void> read = errc::noise_failed;
  if (message.size() > limits::noise_handshake_bytes_max) step_ = step::failed;
  switch (step_) {
    case step::expect_ephemeral:
      read = read_ephemeral(message, out);
      break;
    case step::expect_answer:
      read = read_answer(message, out);
      break;
    case step::expect_static:
      read = read_static(message);
      break;
    case step::done:
    case step::failed:
      break;
  }
  if (!read) step_ = step::failed;
  return read;
}

// Listener: "-> e", then sends "<- e, ee, s, es".
result<void> noise_handshake::read_ephemeral(bytes_view message, bytes& out) {
  if (message.size() < key_bytes) return errc::noise_failed;
  std::ranges::copy(message.first(key_bytes), remote_ephemeral_.begin());
  mix_hash(remote_ephemeral_);
  mix_hash(message.subspan(key_bytes));

  mix_hash(ephemeral_.public_key);
  const std::size_t begin = begin_message(out);
  append(out, bytes_view(ephemeral_.public_key));
  if (const auto mixed = mix_key(ephemeral_, remote_ephemeral_); !mixed) return mixed;
  encrypt_and_hash(static_.public_key, out);
  if (const auto mixed = mix_key(static_, remote_ephemeral_); !mixed) return mixed;
  encrypt_and_hash(own_payload(), out);
  end_message(out, begin);
  step_ = step::expect_static;
  return {};
}

// Dialer: "<- e, ee, s, es", then sends "-> s, se".
result<void> noise_handshake::read_answer(bytes_view message, bytes& out) {
  if (message.size() < key_bytes + sealed_key_bytes) return errc::noise_failed;
  std::ranges::copy(message.first(key_bytes), remote_ephemeral_.begin());
  mix_hash(remote_ephemeral_);
  if (const auto mixed = mix_key(ephemeral_, remote_ephemeral_); !mixed) return mixed;
  const result<bytes> key = decrypt_and_hash(message.subspan(key_bytes, sealed_key_bytes));
  if (!key) return key.error();
  std::ranges::copy(*key, remote_static_.begin());
  if (const auto mixed = mix_key(ephemeral_, remote_static_); !mixed) return mixed;
  const result<bytes> payload = decrypt_and_hash(message.subspan(key_bytes + sealed_key_bytes));
  if (!payload) return payload.error();
  if (const auto checked = check_payload(*payload); !checked) return checked;

  const std::size_t begin = begin_message(out);
  encrypt_and_hash(static_.public_key, out);
  if (const auto mixed = mix_key(static_, remote_ephemeral_); !mixed) return mixed;
  encrypt_and_hash(own_payload(), out);
  end_message(out, begin);
  step_ = step::done;
  return {};
}

// Listener: "-> s, se".
result<void> noise_handshake::read_static(bytes_view message) {
  if (message.size() < sealed_key_bytes) return errc::noise_failed;
  const result<bytes> key = decrypt_and_hash(message.first(sealed_key_bytes));
  if (!key) return key.error();
  std::ranges::copy(*key, remote_static_.begin());
  if (const auto mixed = mix_key(ephemeral_, remote_static_); !mixed) return mixed;
  const result<bytes> payload = decrypt_and_hash(message.subspan(sealed_key_bytes));
  if (!payload) return payload.error();
  if (const auto checked = check_payload(*payload); !checked) return checked;
  step_ = step::done;
  return {};
}

result<void> noise_handshake::check_payload(bytes_view payload) {
  bytes_view key, signature;
  codec::protobuf_reader reader(payload);
  for (;;) {
    const auto field = reader.next();
    if (!field) return errc::noise_failed;
    if (!*field) break;
    const codec::protobuf_field& value = **field;
    if (value.type != codec::protobuf_type::bytes) continue;
    if (value.number == identity_key_field) key = value.data;
    if (value.number == identity_signature_field) signature = value.data;
    if (value.number == extensions_field) {
      const result<early_muxer> listed = read_extensions(value.data);
      if (!listed) return listed.error();
      early_yamux_ = *listed == early_muxer::yamux;
    }
  }
  const result<codec::peer_id> peer = codec::peer_id::from_key_message(key);
  if (!peer) return errc::noise_failed;
  if (!crypto::ed25519_verify(peer->public_key(), signed_text(remote_static_), signature))
    return errc::noise_failed;
  if (expected_ && *peer != *expected_) return errc::peer_id_mismatch;
  remote_ = *peer;
  return {};
}

bytes noise_handshake::own_payload() const {
  bytes extensions;
  codec::put_bytes_field(extensions, stream_muxers_field, yamux_protocol);
  const auto signature = identity_.sign(signed_text(static_.public_key));
  const bytes key = codec::peer_id::from_public_key(identity_.public_key()).key_message();
  bytes payload;
  codec::put_bytes_field(payload, identity_key_field, bytes_view(key));
  codec::put_bytes_field(payload, identity_signature_field, bytes_view(signature));
  codec::put_bytes_field(payload, extensions_field, bytes_view(extensions));
  return payload;
}

noise_session noise_handshake::take() {
  TP_ASSERT(step_ == step::done && remote_);
  auto keys = expand({});
  const auto& sealing = keys[role_ == role::dialer ? 0 : 1];
  const auto& opening = keys[role_ == role::dialer ? 1 : 0];
  noise_session session{*remote_, early_yamux_, noise_sealer(sealing), noise_opener(opening)};
  for (auto& key : keys) wipe(key.data(), key.size());
  step_ = step::failed;
  return session;
}

void noise_handshake::mix_hash(bytes_view data) {
  bytes joined(hash_.begin(), hash_.end());
  append(joined, data);
  hash_ = crypto::sha256(joined);
}

result<void> noise_handshake::mix_key(const crypto::x25519_key& own, bytes_view remote) {
  const result<secret_key> shared = crypto::x25519(own.secret, remote.first<key_bytes>());
  if (!shared) return errc::noise_failed;
  auto keys = expand(shared->reveal());
  chaining_key_ = keys[0];
  key_ = keys[1];
  nonce_ = 0;
  for (auto& key : keys) wipe(key.data(), key.size());
  return {};
}

void noise_handshake::encrypt_and_hash(bytes_view plain, bytes& out) {
  crypto::aead_key key(crypto::aead_id::chacha20_poly1305, key_, crypto::aead_use::seal);
  const std::size_t begin = out.size();
  out.resize(begin + plain.size() + crypto::aead_tag_bytes);
  const bytes_span sealed = bytes_span(out).subspan(begin);
  key.seal(noise_nonce(nonce_++), hash_, plain, sealed);
  mix_hash(sealed);
}

result<bytes> noise_handshake::decrypt_and_hash(bytes_view sealed) {
  if (sealed.size() < crypto::aead_tag_bytes) return errc::noise_failed;
  crypto::aead_key key(crypto::aead_id::chacha20_poly1305, key_, crypto::aead_use::open);
  bytes plain(sealed.size() - crypto::aead_tag_bytes);
  if (!key.open(noise_nonce(nonce_++), hash_, sealed, plain)) return errc::noise_failed;
  mix_hash(sealed);
  return plain;
}

// HKDF of the Noise specification (section 4.3): RFC 5869 with the chaining key as salt and no info.
std::array<crypto::digest, 2> noise_handshake::expand(bytes_view ikm) const {
  crypto::digest prk = crypto::hkdf_extract(chaining_key_, ikm);
  std::array<std::uint8_t, 2 * key_bytes> out{};
  crypto::hkdf_expand(prk, {}, out);
  std::array<crypto::digest, 2> keys{};
  std::copy_n(out.begin(), key_bytes, keys[0].begin());
  std::copy_n(out.begin() + key_bytes, key_bytes, keys[1].begin());
  wipe(out.data(), out.size());
  wipe(prk.data(), prk.size());
  return keys;
}

}  // namespace tp::p2p
