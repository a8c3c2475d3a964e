#include "client/gateway.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "client/chooser.hpp"
#include "openai/models.hpp"
#include "openai/payload.hpp"

namespace tp::client {

namespace {

constexpr std::string_view event_stream = "text/event-stream";

// Of a node's answer only these reach the local program: no field can reach into its browser or its caches.
constexpr std::string_view passed_on[] = {"content-type", "retry-after", "allow"};

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

std::vector<openai::model_entry> models_of(const node_list& list) {
  std::vector<openai::model_entry> models;
  for (const node_entry& node : list.nodes) {
    for (const e2ee::model_entry& each : node.record.fields().models) {
      const bool is_known = std::any_of(models.begin(), models.end(), [&](const openai::model_entry& known) {
        return known.id == each.id;
      });
      if (is_known) continue;
      openai::model_entry model;
      model.id = each.id;
      model.created = node.record.fields().issued;
      model.context_length = each.context_length;
      model.capabilities = each.capabilities;
      models.push_back(std::move(model));
    }
  }
  return models;
}

void set_field(codec::http_fields& fields, std::string_view name, std::string_view value) {
  const result<void> set = fields.set(name, value);
  if (set.has_error()) fields.remove(name);
}

openai::api_error no_nodes() {
  openai::api_error error;
  error.status = 503;
  error.message = "No node is connected to the relay. Start one (tokenplace up) or choose another relay.";
  error.type = "service_unavailable_error";
  error.code = "no_nodes";
  error.retry_after = std::chrono::seconds(5);
  return error;
}

}  // namespace

std::string model_list_of(const node_list& list) { return openai::model_list_text(models_of(list)); }

gateway::gateway(sealed_client& calls, directory& nodes, gateway_settings settings, services& with)
    : calls_(calls),
      nodes_(nodes),
      settings_(std::move(settings)),
      services_(with),
      answered_(with.meters.make_counter("token_place_gateway_requests_total", "Requests by outcome",
                                         "outcome=\"answered\"")),
      refused_(with.meters.make_counter("token_place_gateway_requests_total", "Requests by outcome",
                                        "outcome=\"refused\"")),
      failed_(with.meters.make_counter("token_place_gateway_requests_total", "Requests by outcome",
                                       "outcome=\"failed\"")) {}

// The page that asks, if it is one and may: its origin. nullopt: no page. Empty: a page that may not.
std::optional<std::string> gateway::origin_of(const codec::http_head& head) const {
  const std::optional<std::string_view> origin = head.find("origin");
  if (!origin) return std::nullopt;
  const auto& allowed = settings_.allowed_origins;
  const bool may = std::find(allowed.begin(), allowed.end(), *origin) != allowed.end();
  return may ? std::string(*origin) : std::string();
}

asio::awaitable<void> gateway::handle(net::http_exchange& exchange) {
  codec::http_fields fields;
  const std::optional<std::string> origin = origin_of(exchange.request());
  if (origin && origin->empty()) {
    openai::api_error error = openai::error_answer(openai::refusal::not_allowed);
    error.message = "This gateway does not serve web pages of this origin. Allow it with --allow-origin.";
    co_await fail(exchange, std::move(fields), std::move(error));
    co_return;
  }
  if (origin) {
    set_field(fields, "Access-Control-Allow-Origin", *origin);
    set_field(fields, "Vary", "Origin");
  }
  if (origin && exchange.request().method() == "OPTIONS") {
    set_field(fields, "Access-Control-Allow-Methods", "GET, POST");
    set_field(fields, "Access-Control-Allow-Headers", "authorization, content-type");
    set_field(fields, "Access-Control-Max-Age", "86400");
    const result<void> sent = co_await exchange.respond(204, fields, {});
    if (sent.has_error()) co_return;
    co_return;
  }
  co_await route(exchange, std::move(fields));
}

asio::awaitable<void> gateway::route(net::http_exchange& exchange, codec::http_fields fields) {
  const std::string method(exchange.request().method());
  const std::string target(exchange.request().target());
  const std::string_view path = path_of(target);
  const bool is_health = path == "/livez" || path == "/healthz" || path == "/readyz";
  if (is_health || path == "/metrics") {
    set_field(fields, "Content-Type", is_health ? "application/json" : "text/plain; version=0.0.4");
    const std::string body =
        is_health ? R"({"status":"ok","service":"token.place gateway"})" : services_.meters.prometheus_text();
    const result<void> sent = co_await exchange.respond(200, fields, as_bytes(body));
    if (sent.has_error()) co_return;
    co_return;
  }
  const std::optional<std::string> canonical = openai::canonical_target(target);
  openai::route_match match;
  if (canonical) match = openai::find_route(method, *canonical);
  if (match.outcome == openai::route_outcome::unknown) {
    co_await fail(exchange, std::move(fields), openai::error_answer(openai::refusal::not_found));
    co_return;
  }
  if (match.outcome == openai::route_outcome::wrong_method) {
    set_field(fields, "Allow", match.allow);
    co_await fail(exchange, std::move(fields), openai::error_answer(openai::refusal::method_not_allowed));
    co_return;
  }
  if (match.which == openai::endpoint::models || match.which == openai::endpoint::model) {
    co_await list_models(exchange, std::move(fields), match.model);
    co_return;
  }
  co_await forward(exchange, std::move(fields), match.which, *canonical);
}

// `wanted`: one id, or empty for the list.
asio::awaitable<void> gateway::list_models(net::http_exchange& exchange, codec::http_fields fields,
                                           std::string wanted) {
  const async::deadline until = async::deadline::after(limits::first_head_time);
  const result<std::shared_ptr<const node_list>> list = co_await nodes_.recent(until);
  if (list.has_error()) {
    co_await fail(exchange, std::move(fields), explain(to_errc(list.error()), {}));
    co_return;
  }
  std::string body;
  if (wanted.empty()) body = model_list_of(**list);
  for (const openai::model_entry& each : models_of(**list)) {
    if (!wanted.empty() && each.id == wanted) body = openai::model_text(each);
  }
  if (body.empty()) {
    co_await fail(exchange, std::move(fields), openai::model_not_found(wanted));
    co_return;
  }
  set_field(fields, "Content-Type", "application/json");
  const result<void> sent = co_await exchange.respond(200, fields, as_bytes(body));
  if (sent.has_value()) answered_.add();
}

asio::awaitable<void> gateway::forward(net::http_exchange& exchange, codec::http_fields fields,
                                       openai::endpoint which, std::string target) {
  call_request request;
  request.target = std::move(target);
  const std::optional<std::string_view> content_type = exchange.request().find("content-type");
  set_field(request.fields, "content-type", content_type.value_or("application/json"));
  if (const auto accept = exchange.request().find("accept")) set_field(request.fields, "accept", *accept);
  if (!settings_.node_api_key.empty()) {
    set_field(request.fields, "authorization",
              std::string("Bearer ").append(settings_.node_api_key.reveal_text()));
  }
  result<bytes> body = co_await exchange.read_body(limits::request_bytes_max);
  if (body.has_error()) {
    co_await fail(exchange, std::move(fields), openai::error_answer(body.error()));
    co_return;
  }
  request.body = plaintext(std::move(*body));
  openai::request_check check = openai::check_request(which, request.body);
  if (check.refused) {
    co_await fail(exchange, std::move(fields), std::move(*check.refused));
    co_return;
  }
  call_wish wish{check.facts.model, settings_.pin};
  const async::deadline until = async::deadline::after(limits::call_time);
  const result<std::unique_ptr<sealed_answer>> answer =
      co_await calls_.call(std::move(request), std::move(wish), until);
  if (answer.has_error()) {
    const errc why = to_errc(answer.error());
    if (why == errc::cancelled) co_return;
    openai::api_error error = explain(why, check.facts.model);
    if (error.status >= 500) services_.log.warning("gateway_call_failed", field("reason", why));
    co_await fail(exchange, std::move(fields), std::move(error));
    co_return;
  }
  co_await pass_on(exchange, std::move(fields), **answer);
}

asio::awaitable<void> gateway::pass_on(net::http_exchange& exchange, codec::http_fields fields,
                                       sealed_answer& answer) {
  for (const std::string_view name : passed_on) {
    const std::optional<std::string_view> value = answer.fields().find(name);
    if (value) set_field(fields, name, *value);
  }
  if (answer.origin() == answer_origin::node) {
    set_field(fields, "X-Token-Place-Privacy", "sealed");
    set_field(fields, "X-Token-Place-Node", answer.node().text());
  }
  const std::optional<std::string_view> type = fields.find("content-type");
  if (type && type->starts_with(event_stream)) {
    co_await stream(exchange, std::move(fields), answer);
    co_return;
  }
  // A whole answer is complete or an error, so it waits for its authentic end.
  const result<plaintext> body = co_await answer.read_all(limits::response_bytes_max);
  if (body.has_error()) {
    co_await fail(exchange, {}, openai::upstream_answer(to_errc(body.error())));
    co_return;
  }
  set_field(fields, "Cache-Control", "no-store");
  const result<void> sent = co_await exchange.respond(answer.status(), fields, body->reveal());
  if (sent.has_value()) (answer.status() < 400 ? answered_ : refused_).add();
}

asio::awaitable<void> gateway::stream(net::http_exchange& exchange, codec::http_fields fields,
                                      sealed_answer& answer) {
  set_field(fields, "Cache-Control", "no-store");
  set_field(fields, "X-Accel-Buffering", "no");
  const result<void> begun = co_await exchange.begin(answer.status(), fields);
  if (begun.has_error()) co_return;
  for (;;) {
    const result<plaintext> piece = co_await answer.read();
    if (piece.has_error()) {
      const errc why = to_errc(piece.error());
      if (why == errc::cancelled) co_return;
      failed_.add();
      services_.log.warning("gateway_stream_failed", field("reason", why));
      const std::string event = openai::to_event(openai::upstream_answer(why));
      const result<void> told = co_await exchange.write(as_bytes(event));
      if (told.has_error()) co_return;
      break;
    }
    if (piece->empty()) {
      answered_.add();
      break;
    }
    const result<void> written = co_await exchange.write(piece->reveal());
    if (written.has_error()) co_return;
  }
  const result<void> ended = co_await exchange.end();
  if (ended.has_error()) co_return;
}

asio::awaitable<void> gateway::fail(net::http_exchange& exchange, codec::http_fields fields,
                                    openai::api_error error) {
  (error.status < 500 ? refused_ : failed_).add();
  set_field(fields, "Content-Type", openai::content_type(error));
  if (error.retry_after) set_field(fields, "Retry-After", std::to_string(error.retry_after->count()));
  const std::string body = openai::to_text(error);
  const result<void> sent = co_await exchange.respond(error.status, fields, as_bytes(body));
  if (sent.has_error()) co_return;
}

openai::api_error gateway::explain(errc failure, std::string_view model) const {
  if (failure == errc::not_found) return openai::model_not_found(model);
  if (failure == errc::node_not_found) {
    openai::api_error error = no_nodes();
    if (settings_.pin)
      error.message = "The node this gateway is pinned to is not connected. Try again later.";
    return error;
  }
  return openai::upstream_answer(failure);
}

}  // namespace tp::client
