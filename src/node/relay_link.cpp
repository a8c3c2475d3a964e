#include "node/relay_link.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "net/dial.hpp"
#include "net/http_client.hpp"
#include "net/websocket.hpp"

namespace tp::node {

namespace {

// The relay's page and its WebSocket share a port.
codec::url websocket_of(codec::url relay) {
  relay.scheme = codec::is_secure(relay) ? codec::url_scheme::wss : codec::url_scheme::ws;
  relay.target = "/p2p";
  return relay;
}

async::deadline control_deadline() { return async::deadline::after(limits::link_handshake_time); }

}  // namespace

std::string_view name(link_state state) noexcept {
  switch (state) {
    case link_state::waiting:
      return "waiting";
    case link_state::dialling:
      return "dialling";
    case link_state::registering:
      return "registering";
    case link_state::serving:
      return "serving";
    case link_state::refused:
      return "refused";
  }
  return "unknown";
}

relay_link::relay_link(const asio::any_io_executor& executor, codec::url relay, link_context shared)
    : executor_(executor),
      relay_(std::move(relay)),
      shared_(shared),
      uploads_(shared.config.concurrency + shared.config.queue),
      door_([this](net::http_exchange& call) { return shared_.door.serve(call, uploads_); }),
      own_path_("/api/v2/nodes/" + codec::peer_id::from_public_key(shared.identity.public_key()).text()),
      changed_(executor),
      backoff_(shared.config.time.backoff_first),
      life_(executor) {}

asio::awaitable<void> relay_link::run() {
  life_.spawn([](relay_link* self) { return self->keep_serving(); }, this);
  co_await life_.join();
}

asio::awaitable<void> relay_link::keep_serving() {
  while (!leaving_) {
    const auto ended = co_await serve_once();
    const bool cancelled = !ended && to_errc(ended.error()) == errc::cancelled;
    if (leaving_ || withdrawn_ || cancelled) co_return;
    if (state_ == link_state::serving) {
      shared_.count.reconnects.add();
      backoff_ = shared_.config.time.backoff_first;
    }
    const std::chrono::milliseconds pause = next_pause();
    shared_.with.log.warning("relay_lost", field("relay", safe_id(relay_.host)), field("port", relay_.port),
                             field("state", state_), field("reason", ended ? error_code() : ended.error()),
                             field("again_in", pause));
    set_state(link_state::waiting);
    const auto slept = co_await async::sleep_for(pause);
    if (!slept) co_return;
  }
}

// Full jitter: anything from nothing to the present bound, which then doubles.
std::chrono::milliseconds relay_link::next_pause() {
  const times& time = shared_.config.time;
  const bool restarting =
      served_until_ && shared_.with.clock.steady_now() - *served_until_ < time.restart_time;
  const auto bound = restarting ? std::min(backoff_, time.restart_backoff_max) : backoff_;
  backoff_ = std::min(backoff_ * 2, time.backoff_max);
  return std::chrono::milliseconds(shared_.with.random.below(static_cast<std::uint64_t>(bound.count()) + 1));
}

async::task<std::unique_ptr<async::byte_stream>> relay_link::dial(async::deadline until) {
  if (relay_.scheme != codec::url_scheme::tcp) {
    co_return co_await net::dial_websocket(websocket_of(relay_), shared_.tls, until);
  }
  auto plain = co_await net::dial(relay_, nullptr, until);
  if (!plain) co_return plain.error();
  co_return std::unique_ptr<async::byte_stream>(std::move(*plain));
}

async::task<void> relay_link::serve_once() {
  set_state(link_state::dialling);
  const async::deadline until = async::deadline::after(limits::link_handshake_time);
  auto stream = co_await dial(until);
  if (!stream) co_return stream.error();
  link::session_settings how;
  how.count = &shared_.count.wire;
  auto session = co_await link::session::handshake(std::move(*stream), link::role::dialer, shared_.identity,
                                                   std::nullopt, shared_.with, until, how);
  if (!session) co_return session.error();

  session_ = std::move(*session);
  calls_ = std::make_unique<async::task_scope>(executor_);
  link::session* const present = session_.get();
  present->handle(std::string(link::http_protocol),
                  [this, present](std::uint32_t id) { return on_stream(*present, id); });
  error_code ended;
  async::task_scope running(executor_);
  running.spawn(
      [](link::session* of, error_code* out, async::event* wake) -> asio::awaitable<void> {
        const auto end = co_await of->run();
        if (!end) *out = end.error();
        wake->notify();
      },
      present, &ended, &changed_);
  const auto kept = co_await keep_current(*present);
  if (leaving_) co_await finish_calls();
  present->close();
  const auto state = co_await asio::this_coro::cancellation_state;
  if (async::is_cancelled(state)) running.cancel();
  co_await running.join();
  calls_->cancel();
  co_await calls_->join();
  calls_.reset();
  session_.reset();
  if (!kept) co_return kept.error();
  if (ended) co_return ended;
  co_return errc::connection_closed;
}

// What this waits for is answered and handed to the session, whose close() lets it leave.
asio::awaitable<void> relay_link::finish_calls() {
  const async::deadline_guard guard(executor_, leave_by_, [this] { calls_->cancel(); });
  co_await calls_->join();
}

// Registers, then tells the relay what changes, at most ten times a second; ends when the session ends.
async::task<void> relay_link::keep_current(link::session& session) {
  set_state(link_state::registering);
  told_record_ = 0;
  told_in_flight_ = told_queued_ = SIZE_MAX;
  while (!session.ended() && !leaving_) {
    if (told_record_ != shared_.record.version() && !withdrawn_) {
      const auto put = co_await put_record(session);
      if (!put) co_return put.error();
      if (state_ != link_state::serving) set_state(link_state::serving);
    }
    const bool same = told_in_flight_ == shared_.gate.in_flight() && told_queued_ == shared_.gate.queued();
    if (!same && !withdrawn_) {
      const auto posted = co_await post_load(session);
      if (!posted) co_return posted.error();
      const auto slept = co_await async::sleep_for(limits::load_report_interval);
      if (!slept) co_return slept.error();
      continue;
    }
    const auto woken = co_await changed_.wait();
    if (!woken) co_return woken.error();
  }
  co_return async::success();
}

async::task<void> relay_link::put_record(link::session& session) {
  const std::int64_t version = shared_.record.version();
  const auto status = co_await control(session, "PUT", own_path_, shared_.record.body(), control_deadline());
  if (!status) co_return status.error();
  if (*status != 200) {
    set_state(link_state::refused);
    shared_.with.log.warning("relay_refused_record", field("relay", safe_id(relay_.host)),
                             field("status", *status));
    co_return errc::field_invalid;
  }
  told_record_ = version;
  co_return async::success();
}

async::task<void> relay_link::post_load(link::session& session) {
  told_in_flight_ = shared_.gate.in_flight();
  told_queued_ = shared_.gate.queued();
  std::string body = "{\"in_flight\":" + std::to_string(told_in_flight_) +
                     ",\"capacity\":" + std::to_string(shared_.gate.capacity()) +
                     ",\"queued\":" + std::to_string(told_queued_) + "}";
  const auto status =
      co_await control(session, "POST", own_path_ + "/load", std::move(body), control_deadline());
  if (!status) co_return status.error();
  co_return async::success();  // a relay that takes no loads is still a relay
}

async::task<int> relay_link::control(link::session& session, std::string method, std::string path,
                                     std::string body, async::deadline until) {
  auto stream = co_await link::open_http(session);
  if (!stream) co_return stream.error();
  net::http_request request;
  request.method = std::move(method);
  request.target = std::move(path);
  request.fields = {{"Content-Type", "application/json"}, {"Connection", "close"}};
  request.body = as_bytes(body);
  auto answer = co_await net::http_call(std::move(*stream), std::move(request), "relay", until,
                                        net::after_request::close_write);
  if (!answer) co_return answer.error();
  const int status = (*answer)->status();
  const auto rest = co_await (*answer)->read_all(limits::http_small_body_max);
  if (!rest) co_return rest.error();
  co_return status;
}

link::stream_events* relay_link::on_stream(link::session& session, std::uint32_t id) {
  // Requests being read, those admitted or queued, and some to be told that the node is busy.
  if (calls_->live() >= 2 * uploads_.seats() + limits::node_refusals_max) return nullptr;
  auto stream = std::make_unique<link::stream>(session, id);
  link::stream* const events = stream.get();
  const bool started = calls_->spawn(
      [](relay_link* self, std::unique_ptr<link::stream> of) { return self->serve_stream(std::move(of)); },
      this, std::move(stream));
  return started ? events : nullptr;
}

asio::awaitable<void> relay_link::serve_stream(std::unique_ptr<link::stream> stream) {
  net::http_server_settings how;
  how.body_bytes_max = limits::request_bytes_max;
  co_await net::serve_http(*stream, door_, how, shared_.with, &drain_);
}

asio::awaitable<void> relay_link::withdraw(async::deadline until) {
  withdrawn_ = true;
  if (!session_ || state_ != link_state::serving || session_->ended() || until.passed()) co_return;
  const auto status = co_await control(*session_, "DELETE", own_path_, "", until.earlier(control_deadline()));
  static_cast<void>(status);  // the end of the session says the same
}

void relay_link::finish(async::deadline until) {
  leaving_ = true;
  leave_by_ = until;
  drain_.begin();
  changed_.notify();
  if (!session_) life_.cancel();  // dialling, or between two tries: nobody waits for an answer
}

void relay_link::set_state(link_state state) {
  if (state_ == link_state::serving && state != link_state::serving) {
    shared_.count.links.add(-1);
    served_until_ = shared_.with.clock.steady_now();
  }
  if (state_ != link_state::serving && state == link_state::serving) {
    shared_.count.links.add(1);
    shared_.with.log.info("relay_joined", field("relay", safe_id(relay_.host)), field("port", relay_.port));
  }
  state_ = state;
}

}  // namespace tp::node
