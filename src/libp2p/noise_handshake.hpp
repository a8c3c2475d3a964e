// Noise_XX_25519_ChaChaPoly_SHA256 as libp2p uses it (Noise specification section 5; libp2p specs,
// noise/README): who the peer is, proven, and two transport keys. A machine without a socket, for both roles;
// one per connection. The only way to a sealer and an opener is done(): a peer whose identity was not
// verified never has them. Refuses: identities other than Ed25519, handshake messages over
// limits::noise_handshake_bytes_max.
#pragma once

#include <array>
#include <optional>

#include "base/random.hpp"
#include "codec/peer_id.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/hash.hpp"
#include "crypto/x25519.hpp"
#include "libp2p/noise_cipher.hpp"
#include "libp2p/stream_events.hpp"

namespace tp::p2p {

inline constexpr std::string_view noise_protocol = "/noise";
inline constexpr std::string_view yamux_protocol = "/yamux/1.0.0";

struct noise_session {
  codec::peer_id remote;
  bool early_yamux = false;  // both named Yamux in the handshake: no multistream-select for the muxer
  noise_sealer sealer;
  noise_opener opener;
};

class noise_handshake {
 public:
  // `identity` must outlive the machine. `expected`: the peer must have this identity.
  // Takes 64 bytes of `random`: the static key first, then the ephemeral one.
  noise_handshake(role as, const crypto::ed25519_key& identity, std::optional<codec::peer_id> expected,
                  random_source& random);
  ~noise_handshake();
  noise_handshake(const noise_handshake&) = delete;
  noise_handshake& operator=(const noise_handshake&) = delete;

  // The dialer's first message; nothing for a listener.
  void start(bytes& out);

  // One whole message, without its length; what to send is appended to `out`, with its length.
  // noise_failed; peer_id_mismatch when the peer is authentic but not the expected one.
  result<void> on_message(bytes_view message, bytes& out);

  bool done() const noexcept { return step_ == step::done; }
  noise_session take();  // once, when done()

 private:
  enum class step { expect_ephemeral, expect_answer, expect_static, done, failed };

  result<void> read_ephemeral(bytes_view message, bytes& out);
  result<void> read_answer(bytes_view message, bytes& out);
  result<void> read_static(bytes_view message);
  result<void> check_payload(bytes_view payload);
  bytes own_payload() const;

  void mix_hash(bytes_view data);
  result<void> mix_key(const crypto::x25519_key& own, bytes_view remote);
  void encrypt_and_hash(bytes_view plain, bytes& out);
  result<bytes> decrypt_and_hash(bytes_view sealed);
  std::array<crypto::digest, 2> expand(bytes_view ikm) const;

  const role role_;
  step step_;
  const crypto::ed25519_key& identity_;
  const std::optional<codec::peer_id> expected_;
  const crypto::x25519_key static_;
  const crypto::x25519_key ephemeral_;
  crypto::x25519_public remote_static_{};
  crypto::x25519_public remote_ephemeral_{};
  std::optional<codec::peer_id> remote_;
  bool early_yamux_ = false;

  // SymmetricState of the Noise specification.
  crypto::digest chaining_key_{};
  crypto::digest hash_{};
  crypto::digest key_{};
  std::uint64_t nonce_ = 0;
};

}  // namespace tp::p2p
