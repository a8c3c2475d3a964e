// The metrics of a program's libp2p sessions, all of them together and never by peer, registered at start so
// that each exists at zero. One per program; whoever makes sessions passes it in session_settings.
#pragma once

#include <cstddef>

#include "base/metrics.hpp"

namespace tp::link {

struct meters {
  explicit meters(metrics& registry);

  // On the wire, sealed. One frame is one Noise message; it carries one or many Yamux frames.
  counter& bytes_in;
  counter& bytes_out;
  counter& frames_in;
  counter& frames_out;
  counter& handshakes_completed;
  counter& handshakes_failed;   // by the peer's fault, by the connection's, or too slow
  counter& handshakes_refused;  // not begun: too many were under way
  counter& pings;               // sent
};

// What a session has read (decrypted as so many frames) and what it sends. `to` null: nobody counts.
void count_read(meters* to, std::size_t sealed_bytes, std::size_t frames);
void count_write(meters* to, std::size_t sealed_bytes, std::size_t frames);

}  // namespace tp::link
