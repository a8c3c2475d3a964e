#include "client/fake_relay.hpp"

#include "codec/bhttp.hpp"
#include "codec/http_date.hpp"
#include "crypto/x25519.hpp"
#include "openai/error_answer.hpp"

namespace tp::client_test {

namespace {

constexpr e2ee::route routes[] = {{"POST", "/v1/chat/completions"}, {"POST", "/v1/embeddings"}};

std::string error_body(std::string_view code) {
  return std::string(R"({"error":{"message":"planned","type":"server_error","code":")")
      .append(code)
      .append(R"(","param":null}})");
}

}  // namespace

fake_node::fake_node(services& with, std::string name, std::vector<std::string> models)
    : peer(codec::peer_id::from_public_key(std::array<std::uint8_t, 32>{})),
      services_(with),
      identity_(crypto::ed25519_key::generate(with.random)),
      ring_(std::make_unique<e2ee::key_ring>(with.clock, with.random, e2ee::key_ring::empty_t{})) {
  peer = codec::peer_id::from_public_key(identity_.public_key());
  fields_.name = std::move(name);
  for (std::string& id : models) fields_.models.push_back({std::move(id), 4'096, {"chat"}});
  fields_.max_concurrency = 4;
  fields_.seq = with.clock.unix_milliseconds();
  fields_.issued = with.clock.unix_now() - 10;
  fields_.expires = fields_.issued + 7'200;
  change_key();
}

void fake_node::change_key() {
  ring_->adopt(++key_id_, crypto::x25519_key::generate(services_.random), e2ee::offered_aeads());
  ++fields_.seq;
}

void fake_node::forget_keys() {
  stale_list_ = ring_->key_list();
  ring_ = std::make_unique<e2ee::key_ring>(services_.clock, services_.random, e2ee::key_ring::empty_t{});
  ring_->adopt(++key_id_, crypto::x25519_key::generate(services_.random), e2ee::offered_aeads());
  ++fields_.seq;
  listed_key_is_stale = true;
}

json::object fake_node::entry() {
  e2ee::record_fields fields = fields_;
  fields.ohttp_keys = listed_key_is_stale ? stale_list_ : ring_->key_list();
  if (!listed_key_is_stale) ++fields.seq;  // the record with the new key is the newer one
  json::object made = e2ee::to_json(*e2ee::sign_record(fields, identity_));
  made["load"] = json::object{{"in_flight", 0}, {"capacity", 4}, {"queued", 0}};
  made["connected_since"] = fields.issued;
  return made;
}

fake_relay::fake_relay(asio::io_context& loop, services& with)
    : loop_(loop), services_(with), scope_(loop.get_executor()) {
  const net::http_handler handler = [this](net::http_exchange& exchange) { return handle(exchange); };
  listener_ = *net::http_listener::open(loop.get_executor(), {}, handler, {}, nullptr, with);
  scope_.spawn(listener_->run());
}

fake_relay::~fake_relay() {
  async::run(loop_, listener_->drain(async::deadline::after(std::chrono::nanoseconds(0))));
  while (scope_.live() > 0) loop_.run_one();
}

fake_node& fake_relay::add(std::string name, std::vector<std::string> models) {
  nodes_.push_back(std::make_unique<fake_node>(services_, std::move(name), std::move(models)));
  return *nodes_.back();
}

asio::awaitable<void> fake_relay::send_json(net::http_exchange& exchange, int status, std::string body) {
  const codec::http_fields fields{{"Content-Type", "application/json"}};
  const result<void> sent = co_await exchange.respond(status, fields, as_bytes(body));
  if (sent.has_error()) co_return;
}

asio::awaitable<void> fake_relay::handle(net::http_exchange& exchange) {
  const std::string path(exchange.request().path());
  const std::string prefix = "/api/v2/nodes";
  if (path == prefix) {
    ++directory_requests;
    json::array data;
    for (const auto& node : nodes_) {
      if (node->connected) data.push_back(node->entry());
    }
    const std::string body = codec::to_text(json::object{{"object", "list"}, {"data", std::move(data)}});
    co_await send_json(exchange, 200, body);
    co_return;
  }
  for (const auto& node : nodes_) {
    const std::string own = prefix + "/" + node->peer.text();
    if (path == own && node->connected) {
      ++directory_requests;
      const std::string body = codec::to_text(node->entry());
      co_await send_json(exchange, 200, body);
      co_return;
    }
    if (path == own + "/ohttp") {
      co_await serve_call(exchange, *node);
      co_return;
    }
  }
  const std::string body = error_body("node_not_found");
  co_await send_json(exchange, 404, body);
}

asio::awaitable<void> fake_relay::serve_call(net::http_exchange& exchange, fake_node& node) {
  ++node.calls;
  for (const codec::http_field& field : exchange.request().fields()) outer_names.emplace_back(field.name);
  call_plan plan = node.usual;
  if (!node.plans.empty()) {
    plan = node.plans.front();
    node.plans.pop_front();
  }
  const result<bytes> body = co_await exchange.read_body(limits::request_bytes_max);
  if (body.has_error()) co_return;
  if (plan.clear_status != 0) {
    codec::http_fields fields{{"Content-Type", "application/json"}};
    if (!plan.retry_after.empty()) static_cast<void>(fields.add("Retry-After", plan.retry_after));
    const std::string text = error_body(plan.clear_code);
    const result<void> sent = co_await exchange.respond(plan.clear_status, fields, as_bytes(text));
    if (sent.has_error()) co_return;
    co_return;
  }
  e2ee::sealed_request_reader reader(*node.ring_, e2ee::form::chunked);
  const result<void> pushed = reader.push(*body);
  const e2ee::request_policy policy{node.peer, services_.clock.unix_now() + plan.clock_s, routes};
  result<e2ee::sealed_call> call =
      pushed.has_error() ? result<e2ee::sealed_call>(pushed.error()) : reader.end(policy, services_.random);
  if (call.has_error()) {
    const openai::api_error why = openai::error_answer(call.error());
    co_await send_json(exchange, why.status, openai::to_text(why));
    co_return;
  }
  if (call->request.has_error()) {
    const openai::api_error why = openai::error_answer(call->request.error());
    plan.status = why.status;
    plan.pieces = {openai::to_text(why)};
  } else {
    node.bodies.emplace_back(call->request->content.reveal_text());
    node.inner_fields.push_back(call->request->fields);
  }
  co_await answer(exchange, plan, std::move(*call));
}

asio::awaitable<void> fake_relay::answer(net::http_exchange& exchange, const call_plan& plan,
                                         e2ee::sealed_call call) {
  const std::string media(plan.media_type.empty() ? call.answer.media_type()
                                                  : std::string_view(plan.media_type));
  const codec::http_fields outer{{"Content-Type", media}};
  const result<void> begun = co_await exchange.begin(200, outer);
  if (begun.has_error()) co_return;
  codec::bhttp_response head;
  head.status = plan.status;
  head.fields = {{"content-type", plan.content_type}, {"set-cookie", "never=passed"}};
  static_cast<void>(head.fields.add("date", codec::http_date(services_.clock.unix_now() + plan.clock_s)));
  bytes out;
  plaintext piece;
  static_cast<void>(codec::put_bhttp_response_head(piece, head));
  static_cast<void>(call.answer.piece(piece.reveal(), out));
  for (std::size_t at = 0; at < plan.pieces.size(); ++at) {
    if (at == plan.wait_before_piece) {
      const result<void> flushed = co_await exchange.write(out);
      out.clear();
      if (flushed.has_error()) co_return;
      const result<void> slept = co_await async::sleep_for(std::chrono::seconds(20));
      if (slept.has_error()) ++clients_gone;
      co_return;
    }
    plaintext content;
    codec::put_bhttp_content(content, as_bytes(plan.pieces[at]));
    static_cast<void>(call.answer.piece(content.reveal(), out));
    const result<void> written = co_await exchange.write(out);
    out.clear();
    if (written.has_error()) co_return;
  }
  if (plan.how == ending::cut_connection) co_return;
  if (plan.how == ending::proper) {
    plaintext end;
    codec::put_bhttp_end(end);
    static_cast<void>(call.answer.finish(end.reveal(), out));
    const result<void> written = co_await exchange.write(out);
    if (written.has_error()) co_return;
  }
  const result<void> ended = co_await exchange.end();
  if (ended.has_error()) co_return;
}

}  // namespace tp::client_test
