#include "relay/node_link.hpp"

#include "base/limits.hpp"
#include "codec/json.hpp"
#include "openai/error_answer.hpp"
#include "relay/answers.hpp"
#include "relay/v1_desk.hpp"

namespace tp::relay {

namespace {

// CONTRACT "Link": an older record is a conflict; any other fault of a record is named in its class.
openai::api_error record_refusal(errc failure) {
  openai::api_error error =
      openai::invalid_request("The node record was refused; the code says why.", name(failure), std::nullopt);
  error.status = failure == errc::seq_rollback ? 409 : failure == errc::too_many ? 503 : 422;
  return error;
}

std::optional<relaycore::node_load> parse_load(std::string_view body) {
  const auto parsed = codec::parse_json(body, {.depth = 2, .bytes = limits::http_small_body_max});
  if (!parsed || !parsed->is_object()) return std::nullopt;
  const json::object& load = parsed->get_object();
  relaycore::node_load out;
  const auto number = [&](std::string_view member, std::uint32_t& to) {
    const auto value = codec::find_integer(load, member);
    if (!value || *value < 0 || *value > limits::reported_load_max) return false;
    to = static_cast<std::uint32_t>(*value);
    return true;
  };
  if (!number("in_flight", out.in_flight)) return std::nullopt;
  if (!number("capacity", out.capacity)) return std::nullopt;
  if (!number("queued", out.queued)) return std::nullopt;
  return out;
}

}  // namespace

node_link::node_link(context& shared, std::unique_ptr<link::session> session, link_gate::place place)
    : shared_(shared),
      session_(std::move(session)),
      peer_text_(session_->remote().text()),
      own_path_("/api/v2/nodes/" + peer_text_),
      calls_(session_->executor()),
      unregistered_since_(shared.now()),
      from_(place.address()),
      place_(std::move(place)) {
  session_->handle(std::string(link::http_protocol), [this](std::uint32_t id) { return on_stream(id); });
  shared_.count.links.add(1);
}

node_link::~node_link() { shared_.count.links.add(-1); }

void node_link::check(steady_time now) {
  const bool in_use = registered_ || *exchanges_ > 0;  // a node that left may finish what it has
  if (!in_use && now - unregistered_since_ > shared_.config.time.link_register) {
    session_->close(errc::deadline_exceeded);
  }
}

asio::awaitable<void> node_link::run() {
  const auto ended = co_await session_->run();
  const bool was_node = registered_;
  unregister();
  calls_.cancel();
  co_await calls_.join();
  if (was_node) {
    shared_.with.log.info("node_left", field("peer", session_->remote().for_log()),
                          field("reason", ended ? error_code() : ended.error()));
  }
}

link::stream_events* node_link::on_stream(std::uint32_t id) {
  if (calls_.live() >= limits::link_control_streams_max) return nullptr;
  auto stream = std::make_unique<link::stream>(*session_, id);
  link::stream* const events = stream.get();
  const bool started = calls_.spawn(
      [](node_link* self, std::unique_ptr<link::stream> of) { return self->serve(std::move(of)); }, this,
      std::move(stream));
  return started ? events : nullptr;
}

asio::awaitable<void> node_link::serve(std::unique_ptr<link::stream> stream) {
  const net::http_handler handler = [this](net::http_exchange& call) { return control(call); };
  co_await net::serve_http(*stream, handler, shared_.cold_settings, shared_.with);
}

asio::awaitable<void> node_link::control(net::http_exchange& call) {
  const std::string_view method = call.request().method();
  const std::string_view path = call.request().path();
  const bool own = path == own_path_;
  if (own && method == "PUT") co_return co_await take_record(call);
  if (own && method == "DELETE") co_return co_await leave(call);
  if (method == "POST" && path == own_path_ + "/load") co_return co_await take_load(call);
  if (path.starts_with("/api/v2/nodes/") && !path.starts_with(own_path_)) {
    co_return co_await respond(call, openai::error_answer(openai::refusal::not_allowed));
  }
  co_await respond(call, openai::error_answer(openai::refusal::not_found));
}

asio::awaitable<void> node_link::take_record(net::http_exchange& call) {
  const auto body = co_await call.read_body(limits::http_small_body_max);
  if (!body) co_return co_await respond(call, openai::error_answer(body.error()));
  const unix_seconds now = shared_.with.clock.unix_now();
  const auto taken = shared_.nodes.put(session_->remote(), as_chars(*body), now);
  if (!taken) {
    shared_.with.log.warning("node_refused", field("peer", session_->remote().for_log()),
                             field("reason", taken.error()));
    co_return co_await respond(call, record_refusal(to_errc(taken.error())));
  }
  const e2ee::record_fields& fields = (*taken)->fields();
  const std::int64_t lease = fields.expires - now;
  const auto [place, fresh] = shared_.links.try_emplace(peer_text_, this);
  if (!fresh &&
      place->second != this) {  // the node has dialled anew; its old session is dead or soon will be
    node_link* const old = std::exchange(place->second, this);
    old->become_unregistered();
    old->session_->close(errc::connection_closed);
  }
  if (!registered_) {
    capacity_ = static_cast<std::size_t>(fields.max_concurrency);
    shared_.with.log.info("node_registered", field("peer", session_->remote().for_log()),
                          field("models", fields.models.size()), field("lease_s", lease));
  }
  registered_ = true;
  shared_.v1->on_record(peer_text_, fields.rsa_public_key);
  place_.leave();
  shared_.count.registrations.add();
  const std::string answer = "{\"lease_seconds\":" + std::to_string(lease) + ",\"relay_peer_id\":\"" +
                             codec::peer_id::from_public_key(shared_.identity.public_key()).text() + "\"}";
  co_await respond_json(call, 200, answer);
}

// The first ten of a second count. A node that waits for each answer and then limits::load_report_interval
// never comes near that.
bool node_link::may_report() {
  const steady_time now = shared_.now();
  if (now - reports_since_ >= std::chrono::seconds(1)) {
    reports_since_ = now;
    reports_ = 0;
  }
  return ++reports_ <= limits::load_reports_per_second_max;
}

asio::awaitable<void> node_link::take_load(net::http_exchange& call) {
  if (!may_report()) {
    openai::api_error error = openai::error_answer(openai::refusal::rate_limit_exceeded);
    error.retry_after = std::chrono::seconds(1);
    co_return co_await respond(call, std::move(error));
  }
  const auto body = co_await call.read_body(limits::http_small_body_max);
  if (!body) co_return co_await respond(call, openai::error_answer(body.error()));
  const auto load = parse_load(as_chars(*body));
  if (!load) {
    co_return co_await respond(
        call, openai::invalid_request("Send {\"in_flight\",\"capacity\",\"queued\"}, whole numbers from 0.",
                                      "field_invalid", std::nullopt));
  }
  if (!registered_) co_return co_await respond(call, openai::error_answer(errc::node_not_found));
  capacity_ = load->capacity;
  shared_.nodes.set_load(session_->remote(), *load);
  co_await respond_json(call, 200, "{}");
}

asio::awaitable<void> node_link::leave(net::http_exchange& call) {
  unregister();
  co_await respond_json(call, 200, "{}");
}

void node_link::become_unregistered() {
  if (!registered_) return;
  registered_ = false;
  unregistered_since_ = shared_.now();
  place_ = shared_.unregistered.enter(from_);  // even where there is no room: it is here already
}

void node_link::on_expired() {
  become_unregistered();
  shared_.links.erase(peer_text_);
  shared_.v1->on_node_gone(peer_text_);
}

void node_link::unregister() {
  if (!registered_) return;
  become_unregistered();
  const auto place = shared_.links.find(peer_text_);
  if (place == shared_.links.end() || place->second != this) return;
  shared_.links.erase(place);
  shared_.nodes.remove(session_->remote());
  shared_.v1->on_node_gone(peer_text_);
}

asio::awaitable<void> serve_link(context& shared, std::unique_ptr<async::byte_stream> stream,
                                 async::deadline until, link_gate::place place) {
  link::session_settings how;
  how.count = &shared.count.wire;
  auto session = co_await link::session::handshake(std::move(stream), link::role::listener, shared.identity,
                                                   std::nullopt, shared.with, until, how);
  if (!session) {
    shared.with.log.debug("link_refused", field("reason", session.error()));
    co_return;
  }
  node_link link(shared, std::move(*session), std::move(place));
  shared.sessions.insert(&link);
  co_await link.run();
  shared.sessions.erase(&link);
}

}  // namespace tp::relay
