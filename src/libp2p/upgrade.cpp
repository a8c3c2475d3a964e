#include "libp2p/upgrade.hpp"

#include <array>

#include "base/assert.hpp"

namespace tp::p2p {

upgrade::upgrade(role as, const crypto::ed25519_key& identity, std::optional<codec::peer_id> expected,
                 random_source& random)
    : role_(as),
      noise_(as, identity, expected, random),
      proposal_(multistream_proposal(noise_protocol)),
      initiator_(proposal_) {}

void upgrade::start(bytes& out) {
  if (role_ == role::dialer) append(out, bytes_view(proposal_));
}

result<void> upgrade::on_bytes(bytes_view input, bytes& out) {
  append(input_, input);
  while (phase_ != phase::done) {
    const result<progress> made = step(out);
    if (!made) return made.error();
    if (*made == progress::waits) break;
  }
  return {};
}

result<upgrade::progress> upgrade::step(bytes& out) {
  switch (phase_) {
    case phase::select_noise: {
      const auto negotiated = negotiate(noise_protocol, input_, out, phase::handshake);
      if (!negotiated) return negotiated.error();
      if (phase_ == phase::handshake) noise_.start(out);
      return phase_ == phase::handshake ? progress::goes_on : progress::waits;
    }
    case phase::handshake:
      return shake_hands(out);
    case phase::select_yamux:
      return select_yamux(out);
    case phase::done:
      break;
  }
  return progress::waits;
}

// One side of multistream-select over `input`, which loses what was understood.
result<void> upgrade::negotiate(std::string_view protocol, bytes& input, bytes& answer, phase next) {
  std::size_t used = 0;
  if (role_ == role::dialer) {
    const auto taken = initiator_.on_bytes(input);
    if (!taken) return taken.error();
    used = *taken;
    if (initiator_.accepted()) phase_ = next;
  } else {
    const std::array<std::string, 1> offered{std::string(protocol)};
    const auto step = listener_.on_bytes(input, offered, answer);
    if (!step) return step.error();
    used = step->used;
    if (step->accepted) phase_ = next;
  }
  input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(used));
  return {};
}

result<upgrade::progress> upgrade::shake_hands(bytes& out) {
  const std::size_t size = noise_message_size(input_);
  const bool too_long = input_.size() > limits::noise_handshake_bytes_max + limits::noise_message_max;
  if (size == 0) {
    if (too_long) return errc::noise_failed;
    return progress::waits;
  }
  const auto read = noise_.on_message(bytes_view(input_).subspan(2, size - 2), out);
  if (!read) return read.error();
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(size));
  if (!noise_.done()) return progress::goes_on;
  session_ = noise_.take();
  if (session_->early_yamux) {
    phase_ = phase::done;
  } else {
    begin_select_yamux(out);
  }
  return progress::goes_on;
}

void upgrade::begin_select_yamux(bytes& out) {
  phase_ = phase::select_yamux;
  proposal_ = multistream_proposal(yamux_protocol);
  initiator_ = multistream_initiator(proposal_);
  listener_ = multistream_listener();
  if (role_ == role::dialer) seal(proposal_, out);
}

result<upgrade::progress> upgrade::select_yamux(bytes& out) {
  const std::size_t size = noise_message_size(input_);
  if (size == 0) return progress::waits;
  const auto opened = session_->opener.open(bytes_span(input_).subspan(2, size - 2));
  if (!opened) return opened.error();
  append(plain_, *opened);
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(size));
  bytes answer;
  const auto negotiated = negotiate(yamux_protocol, plain_, answer, phase::done);
  if (!negotiated) return negotiated.error();
  if (!answer.empty()) seal(answer, out);
  return progress::goes_on;
}

void upgrade::seal(bytes_view plain, bytes& out) {
  frame_buffer buffer;
  buffer.append(plain);
  append(out, session_->sealer.seal(buffer));
}

upgraded upgrade::take() {
  TP_ASSERT(phase_ == phase::done && session_);
  return {std::move(*session_), std::move(plain_), std::move(input_)};
}

}  // namespace tp::p2p
