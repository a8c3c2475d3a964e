#include "relay/exchange.hpp"

#include <utility>

#include "link/session.hpp"
#include "relay/front.hpp"
#include "relay/node_link.hpp"

namespace tp::relay {

exchange::~exchange() { cancel(outcome::client_gone); }

rest_of_upload exchange::cancel(outcome why) {
  if (!active()) return rest_of_upload::none;
  if (stream_ != 0) link_->session().reset(stream_);
  return release(why);
}

// The node's answer has passed to its end.
void exchange::complete() {
  client_took_all();
  if (stream_ != 0) {
    if (upload_ == upload_state::complete)
      link_->session().abandon(stream_);
    else
      link_->session().reset(stream_);
  }
  client_.exchange_over(release(outcome::completed));
}

rest_of_upload exchange::release(outcome how) {
  const bool upload_done = std::exchange(upload_, upload_state::complete) == upload_state::complete;
  phase_ = phase::idle;
  stream_ = 0;
  shared_.count.exchanges.add(-1);
  shared_.count.bytes_up.add(uploaded_);
  bytes().swap(held_up_);
  bytes().swap(held_down_);
  std::exchange(link_, nullptr)->on_exchange_ended();
  shared_.count.of(how).add();
  return upload_done ? rest_of_upload::none : rest_of_upload::to_drop;
}

std::optional<errc> exchange::overdue(steady_time now) const {
  if (!active()) return std::nullopt;
  const times& time = shared_.config.time;
  if (now - started_ > time.call) return errc::deadline_exceeded;
  if (upload_ == upload_state::open)
    return now - started_ > time.upload ? std::optional(errc::deadline_exceeded) : std::nullopt;
  if (phase_ == phase::body)
    return now - last_byte_ > time.silence ? std::optional(errc::stalled) : std::nullopt;
  return now - started_ > time.first_head ? std::optional(errc::deadline_exceeded) : std::nullopt;
}

}  // namespace tp::relay
