#include "relay/front.hpp"

#include "async/task_scope.hpp"
#include "base/limits.hpp"
#include "net/websocket.hpp"
#include "relay/node_link.hpp"
#include "relay/prefixed_stream.hpp"
#include "relay/routes.hpp"

namespace tp::relay {

front::front(context& shared, std::unique_ptr<net::connection> socket)
    : shared_(shared),
      socket_(std::move(socket)),
      exchange_(shared, *this),
      place_(shared.fronts.insert(shared.fronts.end(), this)),
      since_(shared.now()) {
  shared_.count.connections.add(1);
}

front::~front() {
  shared_.fronts.erase(place_);
  shared_.count.unsent.add(-static_cast<std::int64_t>(unsent_.size()));
  shared_.count.connections.add(-1);
}

// One coroutine frame for the whole life of the connection: an idle one owns only this and the wait itself.
asio::awaitable<void> front::run() {
  const auto state = co_await asio::this_coro::cancellation_state;
  next then = next::read;
  while (goes_on(then)) {
    if (async::is_cancelled(state)) {
      then = next::close;
    } else if (then == next::read) {
      then = read_once();
    } else if (then == next::wait) {
      const auto waited = co_await socket_->readable();
      then = std::get<0>(waited) ? next::close : next::read;
    } else if (then == next::pause) {
      watch_for_end();
      const auto woken = co_await resumed_->wait();
      socket_->on_peer_gone({});
      then = woken && socket_->is_open() ? next::read : next::close;
    } else {
      co_await serve_cold();
      then = closing_ ? next::close : input_.empty() ? next::read : on_head_bytes();
    }
  }
  exchange_.cancel(shared_.draining ? outcome::drained : outcome::client_gone);
  if (then == next::websocket || then == next::libp2p) co_await become_link(then);
  if (socket_) socket_->reset();
  while (writing_) {
    // The writer has been told by the reset; a cancelled wait would return at once, so this takes turns
    // instead.
    const asio::any_io_executor loop = co_await asio::this_coro::executor;
    co_await asio::post(loop, asio::deferred);
  }
}

const codec::ip_address& front::peer() {
  if (!peer_) peer_ = to_ip(socket_->remote_address());
  return *peer_;
}

void front::resume_reading() {
  if (resumed_) resumed_->notify();
}

// While nothing may be read, a client that leaves would go unnoticed, and its node work on.
void front::watch_for_end() {
  socket_->on_peer_gone([this] { abort(); });
}

void front::abort() noexcept {
  if (socket_) socket_->reset();
  resume_reading();
}

asio::awaitable<void> front::serve_cold() {
  while (has_unsent()) {  // a pipelined request waits until the answer before it is out
    if (!resumed_) resumed_ = std::make_unique<async::event>(socket_->executor());
    const auto woken = co_await resumed_->wait();
    closing_ = !woken || !socket_->is_open();
    if (closing_) co_return;
  }
  const net::http_handler handler = [this](net::http_exchange& call) {
    return serve_cold_route(shared_, peer(), call);
  };
  cold_ = true;
  const net::http_next then = co_await net::serve_http_once(*socket_, handler, shared_.cold_settings,
                                                            shared_.with, input_, &shared_.drain);
  cold_ = false;
  since_ = shared_.now();
  if (then == net::http_next::close) closing_ = true;
}

asio::awaitable<void> front::become_link(next how) {
  std::unique_ptr<async::byte_stream> stream;
  const async::deadline until = async::deadline::after(shared_.config.time.handshake);
  link_gate::place place = shared_.unregistered.enter(peer());
  if (how == next::websocket) {
    auto accepted = co_await net::accept_websocket(std::move(socket_), std::move(input_), until);
    if (!accepted) {
      shared_.count.wire.handshakes_failed.add();
      co_return;
    }
    stream = std::move(*accepted);
  } else {
    stream = std::make_unique<prefixed_stream>(std::move(socket_), std::move(input_));
  }
  cold_ = true;  // from here on the session keeps its own time
  co_await serve_link(shared_, std::move(stream), until, std::move(place));
}

void front::check(steady_time now) {
  if (cold_ || !socket_) return;
  const times& time = shared_.config.time;
  if (!unsent_.empty() && now - since_ > time.silence) return abort();
  if (const auto late = exchange_.overdue(now)) {
    const bool head_sent = exchange_.head_sent();
    const rest_of_upload rest = exchange_.cancel(outcome::timed_out);
    if (head_sent) return abort();
    const bool uploading = rest == rest_of_upload::to_drop;
    return refuse(rest, uploading ? openai::error_answer(openai::refusal::request_timeout)
                                  : openai::error_answer(*late));
  }
  if (exchange_.active()) return;
  if (dropping_ || closing_) {
    if (now - since_ > limits::drain_refused_time && unsent_.empty()) abort();
    return;
  }
  if (has_unsent()) return;  // a request that waits behind its answer; see silence above
  if (input_.empty()) {
    if (now - since_ > time.idle) abort();
  } else if (now - since_ > time.head) {
    bytes().swap(input_);
    request_id_ = net::new_request_id(shared_.with);
    refuse(rest_of_upload::to_drop, openai::error_answer(openai::refusal::request_timeout));
  }
}

void front::close_if_idle() {
  if (!cold_ && waits_for_head() && input_.empty() && unsent_.empty()) abort();
}

}  // namespace tp::relay
