// From a raw connection to an authenticated, encrypted, multiplexable one: multistream-select /noise, Noise
// XX, then Yamux either agreed inside the handshake or by multistream-select (libp2p specs,
// connections/README). A machine without a socket; the driver feeds what it reads and sends what is appended.
// One per connection.
#pragma once

#include <memory>
#include <optional>

#include "libp2p/multistream.hpp"
#include "libp2p/noise_handshake.hpp"

namespace tp::p2p {

struct upgraded {
  noise_session session;
  bytes early;  // decrypted already: the first bytes of Yamux
  bytes rest;   // read but not yet decrypted
};

class upgrade {
 public:
  // `identity` must outlive the machine.
  upgrade(role as, const crypto::ed25519_key& identity, std::optional<codec::peer_id> expected,
          random_source& random);

  // What a dialer sends first; nothing for a listener.
  void start(bytes& out);
  // Any pieces. multistream_rejected, noise_failed, peer_id_mismatch; then only closing the connection is
  // left.
  result<void> on_bytes(bytes_view input, bytes& out);
  bool done() const noexcept { return phase_ == phase::done; }
  upgraded take();  // once, when done()

 private:
  enum class phase { select_noise, handshake, select_yamux, done };
  enum class progress { waits, goes_on };  // waits: needs more input

  result<progress> step(bytes& out);
  result<void> negotiate(std::string_view protocol, bytes& input, bytes& answer, phase next);
  result<progress> shake_hands(bytes& out);
  result<progress> select_yamux(bytes& out);
  void begin_select_yamux(bytes& out);
  void seal(bytes_view plain, bytes& out);

  const role role_;
  phase phase_ = phase::select_noise;
  noise_handshake noise_;
  bytes proposal_;
  multistream_initiator initiator_;
  multistream_listener listener_;
  bytes input_;  // at most one read and one Noise message
  bytes plain_;  // decrypted, not yet understood
  std::optional<noise_session> session_;
};

}  // namespace tp::p2p
