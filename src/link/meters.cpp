#include "link/meters.hpp"

namespace tp::link {

namespace {
constexpr literal bytes_name = "token_place_link_bytes_total";
constexpr literal bytes_help = "Bytes of libp2p sessions, sealed.";
constexpr literal frames_name = "token_place_link_frames_total";
constexpr literal frames_help = "Noise messages of libp2p sessions.";
constexpr literal handshakes_name = "token_place_link_handshakes_total";
constexpr literal handshakes_help = "Handshakes of libp2p sessions by how they ended.";
}  // namespace

meters::meters(metrics& registry)
    : bytes_in(registry.make_counter(bytes_name, bytes_help, "direction=\"in\"")),
      bytes_out(registry.make_counter(bytes_name, bytes_help, "direction=\"out\"")),
      frames_in(registry.make_counter(frames_name, frames_help, "direction=\"in\"")),
      frames_out(registry.make_counter(frames_name, frames_help, "direction=\"out\"")),
      handshakes_completed(
          registry.make_counter(handshakes_name, handshakes_help, "outcome=\"completed\"")),
      handshakes_failed(registry.make_counter(handshakes_name, handshakes_help, "outcome=\"failed\"")),
      handshakes_refused(registry.make_counter(handshakes_name, handshakes_help, "outcome=\"refused\"")),
      pings(registry.make_counter("token_place_link_pings_total", "Pings sent on libp2p sessions.")) {}

void count_read(meters* to, std::size_t sealed_bytes, std::size_t frames) {
  if (to == nullptr) return;
  to->bytes_in.add(sealed_bytes);
  to->frames_in.add(frames);
}

void count_write(meters* to, std::size_t sealed_bytes, std::size_t frames) {
  if (to == nullptr) return;
  to->bytes_out.add(sealed_bytes);
  to->frames_out.add(frames);
}

}  // namespace tp::link
