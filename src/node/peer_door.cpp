#include "node/peer_door.hpp"

#include "base/limits.hpp"
#include "net/websocket.hpp"
#include "node/call_run.hpp"
#include "openai/error_answer.hpp"

namespace tp::node {

namespace {

bool is_upgrade(const codec::http_head& head) {
  const bool right_path = head.path() == "/" || head.path() == "/p2p";
  return right_path && head.method() == "GET" && head.has_token("upgrade", "websocket");
}

}  // namespace

struct peer_door::peer {
  peer(const asio::any_io_executor& executor, std::unique_ptr<link::session> made)
      : session(std::move(made)), calls(executor) {}
  std::unique_ptr<link::session> session;
  async::task_scope calls;
};

peer_door::peer_door(const asio::any_io_executor& executor, const crypto::ed25519_key& identity,
                     net::http_handler local, const settings& config, meters& count, services& with)
    : executor_(executor),
      identity_(identity),
      local_(std::move(local)),
      config_(config),
      count_(count),
      with_(with) {}

peer_door::~peer_door() = default;

net::http_upgrade peer_door::upgrade() {
  return {.wanted = [this](const codec::http_head& head) { return may_enter(head); },
          .take = [this](std::unique_ptr<net::connection> on,
                         bytes already_read) { return take(std::move(on), std::move(already_read)); }};
}

bool peer_door::is_from_a_page(const codec::http_head& head) const {
  return config_.api_key.empty() && head.find("origin").has_value();
}

bool peer_door::has_room() const {
  return !drain_.begun() && handshakes_ < limits::node_peer_handshakes_max &&
         handshakes_ + peers_.size() < limits::node_peer_sessions_max;
}

bool peer_door::may_enter(const codec::http_head& head) const {
  return is_upgrade(head) && !is_from_a_page(head) && has_room();
}

asio::awaitable<void> peer_door::serve(net::http_exchange& call) {
  if (!is_upgrade(call.request())) co_return co_await local_(call);
  openai::api_error error = openai::error_answer(openai::refusal::not_allowed);
  if (!is_from_a_page(call.request())) {
    count_.wire.handshakes_refused.add();
    error = openai::error_answer(errc::node_busy);
    error.code = "too_many_connections";
    error.message = "Too many sessions are open or being made. Try again soon.";
  }
  codec::http_fields fields = fields_of(error);
  static_cast<void>(fields.set("Cache-Control", "no-store"));
  const std::string body = openai::to_text(error);
  const auto sent = co_await call.respond(error.status, fields, as_bytes(body));
  static_cast<void>(sent);  // a client that has gone needs no answer
}

asio::awaitable<void> peer_door::take(std::unique_ptr<net::connection> on, bytes already_read) {
  result<std::unique_ptr<link::session>> session = errc::cancelled;
  ++handshakes_;
  {
    async::task_scope shaking(executor_);
    const net::http_drain::idle registered(&drain_, shaking);
    shaking.spawn(
        [](peer_door* self, std::unique_ptr<net::connection> with, bytes read,
           result<std::unique_ptr<link::session>>* out) -> asio::awaitable<void> {
          *out = co_await self->shake_hands(std::move(with), std::move(read));
        },
        this, std::move(on), std::move(already_read), &session);
    co_await shaking.join();
  }
  --handshakes_;
  if (!session) {
    with_.log.debug("peer_refused", field("reason", session.error()));
    co_return;
  }
  const auto one = std::make_shared<peer>(executor_, std::move(*session));
  one->session->handle(std::string(link::http_protocol),
                       [this, from = one.get()](std::uint32_t id) { return on_stream(*from, id); });
  const auto place = peers_.insert(peers_.end(), one);
  count_.peers.add(1);
  const auto ended = co_await one->session->run();
  static_cast<void>(ended);  // however it ended
  one->calls.cancel();
  co_await one->calls.join();
  count_.peers.add(-1);
  peers_.erase(place);
}

async::task<std::unique_ptr<link::session>> peer_door::shake_hands(std::unique_ptr<net::connection> on,
                                                                   bytes already_read) {
  const async::deadline until = async::deadline::after(config_.time.handshake);
  auto stream = co_await net::accept_websocket(std::move(on), std::move(already_read), until);
  if (!stream) {
    count_.wire.handshakes_failed.add();
    co_return stream.error();
  }
  link::session_settings how;
  how.count = &count_.wire;
  co_return co_await link::session::handshake(std::move(*stream), link::role::listener, identity_,
                                              std::nullopt, with_, until, how);
}

link::stream_events* peer_door::on_stream(peer& from, std::uint32_t id) {
  if (drain_.begun() || from.calls.live() >= limits::node_peer_streams_max) return nullptr;
  auto stream = std::make_unique<link::stream>(*from.session, id);
  link::stream* const events = stream.get();
  const bool started = from.calls.spawn(
      [](peer_door* self, std::unique_ptr<link::stream> of) { return self->serve_stream(std::move(of)); },
      this, std::move(stream));
  return started ? events : nullptr;
}

asio::awaitable<void> peer_door::serve_stream(std::unique_ptr<link::stream> stream) {
  const net::http_server_settings how;
  co_await net::serve_http(*stream, local_, how, with_, &drain_);
}

asio::awaitable<void> peer_door::leave(std::shared_ptr<peer> one, async::deadline until) {
  const async::deadline_guard guard(one->session->executor(), until, [one] { one->calls.cancel(); });
  co_await one->calls.join();
  one->session->close();
}

asio::awaitable<void> peer_door::drain(async::deadline until) {
  drain_.begin();
  async::task_scope leaving(executor_);
  for (const std::shared_ptr<peer>& one : peers_) leaving.spawn(leave, one, until);
  co_await leaving.join();
}

}  // namespace tp::node
