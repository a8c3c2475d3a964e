#include "relay/routes.hpp"

#include <algorithm>
#include <array>

#include "base/limits.hpp"
#include "codec/percent.hpp"
#include "e2ee/wire.hpp"
#include "openai/models.hpp"
#include "openai/routes.hpp"
#include "relay/gateway_proxy.hpp"
#include "relay/status_page.hpp"

namespace tp::relay {

namespace {

constexpr std::string_view nodes_path = "/api/v2/nodes";
constexpr std::string_view nodes_prefix = "/api/v2/nodes/";
constexpr std::string_view ohttp_suffix = "/ohttp";
constexpr std::string_view keys_suffix = "/ohttp-keys";

codec::http_fields common_fields(std::string_view type) {
  codec::http_fields fields{{"Cache-Control", "no-store"},
                            {"Access-Control-Allow-Origin", "*"},
                            {"Access-Control-Expose-Headers", "retry-after, x-request-id"},
                            {"X-Content-Type-Options", "nosniff"}};
  static_cast<void>(fields.add("Content-Type", type));  // ours, so it cannot be refused
  return fields;
}

asio::awaitable<void> respond_text(net::http_exchange& call, int status, std::string_view type,
                                   std::string body) {
  const codec::http_fields fields = common_fields(type);
  const auto sent = co_await call.respond(status, fields, as_bytes(body));
  static_cast<void>(sent);  // a client that has gone needs no answer
}

asio::awaitable<void> respond_options(net::http_exchange& call) {
  const codec::http_fields fields{
      {"Access-Control-Allow-Origin", "*"},
      {"Access-Control-Allow-Methods", "GET, POST"},
      {"Access-Control-Allow-Headers", "authorization, content-type, incremental"},
      {"Access-Control-Max-Age", "86400"}};
  const auto sent = co_await call.respond(204, fields, {});
  static_cast<void>(sent);
}

asio::awaitable<void> respond_wrong_method(net::http_exchange& call, std::string allow) {
  const openai::api_error error = openai::error_answer(openai::refusal::method_not_allowed);
  codec::http_fields fields = common_fields(openai::content_type(error));
  static_cast<void>(fields.add("Allow", allow));
  const std::string body = openai::to_text(error);
  const auto sent = co_await call.respond(error.status, fields, as_bytes(body));
  static_cast<void>(sent);
}

std::string health_json(const context& shared) {
  return "{\"status\":\"" + std::string(shared.draining ? "draining" : "ok") +
         "\",\"nodes\":" + std::to_string(shared.nodes.size()) +
         ",\"models\":" + std::to_string(shared.nodes.models().size()) + ",\"environment\":\"" +
         shared.config.environment + "\"}";
}

std::string api_health_json(const context& shared) {
  return "{\"status\":\"ok\",\"version\":\"v1\",\"service\":\"token.place\",\"timestamp\":" +
         std::to_string(shared.with.clock.unix_now()) + "}";
}

// The value of `model` in the query, percent-decoded; nullopt when absent.
std::optional<std::string> model_filter(std::string_view query) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.starts_with("model=")) return codec::percent_decode(pair.substr(6));
  }
  return std::nullopt;
}

asio::awaitable<void> serve_directory(context& shared, net::http_exchange& call) {
  const std::string_view path = call.request().path();
  if (path == nodes_path || path == nodes_prefix) {
    co_return co_await respond_json(call, 200, shared.nodes.list_json(model_filter(call.request().query())));
  }
  std::string_view peer = path.substr(nodes_prefix.size());
  const bool wants_keys = peer.ends_with(keys_suffix);
  if (wants_keys) peer.remove_suffix(keys_suffix.size());
  if (peer.find('/') != std::string_view::npos) {
    co_return co_await respond(call, openai::error_answer(openai::refusal::not_found));
  }
  const e2ee::verified_record* const record = shared.nodes.find(peer);
  if (record == nullptr) co_return co_await respond(call, openai::error_answer(errc::node_not_found));
  if (wants_keys) {
    const std::string keys(as_chars(record->fields().ohttp_keys));
    co_return co_await respond_text(call, 200, e2ee::key_list_media_type, keys);
  }
  const auto entry = shared.nodes.entry_json(peer);
  co_await respond_json(call, 200, *entry);
}

// Models that connected nodes serve, under the names of OpenAI's list.
asio::awaitable<void> serve_models(context& shared, net::http_exchange& call,
                                   const openai::route_match& route) {
  std::vector<openai::model_entry> models;
  for (const relaycore::served_model& served : shared.nodes.models()) {
    openai::model_entry entry;
    entry.id = served.id;
    entry.created = shared.with.clock.unix_now();
    entry.context_length = served.context_length;
    models.push_back(std::move(entry));
  }
  if (route.which == openai::endpoint::models) {
    co_return co_await respond_json(call, 200, openai::model_list_text(models));
  }
  for (const openai::model_entry& entry : models) {
    if (entry.id == route.model) co_return co_await respond_json(call, 200, openai::model_text(entry));
  }
  co_await respond(call, openai::model_not_found(route.model));
}

asio::awaitable<void> serve_openai(context& shared, gateway_proxy* proxy, net::http_exchange& call,
                                   std::string target) {
  const openai::route_match route = openai::find_route(call.request().method(), target);
  if (route.outcome == openai::route_outcome::unknown) {
    co_return co_await respond(call, openai::error_answer(openai::refusal::not_found));
  }
  if (route.outcome == openai::route_outcome::wrong_method) {
    co_return co_await respond_wrong_method(call, std::string(route.allow));
  }
  const bool about_models = route.which == openai::endpoint::models || route.which == openai::endpoint::model;
  if (about_models) co_return co_await serve_models(shared, call, route);
  if (proxy == nullptr) {
    co_return co_await respond(call, openai::error_answer(openai::refusal::gateway_not_configured));
  }
  shared.count.plain_forwarded.add();
  co_await proxy->forward(call, std::move(target));
}

}  // namespace

bool is_upgrade(const codec::http_head& head) {
  const bool right_path = head.path() == "/" || head.path() == "/p2p";
  return right_path && head.method() == "GET" && head.has_token("upgrade", "websocket");
}

bool is_sealed_route(const codec::http_head& head) {
  return head.method() == "POST" && head.path().starts_with(nodes_prefix) &&
         head.path().ends_with(ohttp_suffix) &&
         head.path().size() > nodes_prefix.size() + ohttp_suffix.size();
}

std::string_view peer_of_sealed_route(const codec::http_head& head) {
  std::string_view path = head.path();
  path.remove_prefix(nodes_prefix.size());
  path.remove_suffix(ohttp_suffix.size());
  return path;
}

asio::awaitable<void> respond(net::http_exchange& call, openai::api_error error) {
  codec::http_fields fields = common_fields(openai::content_type(error));
  if (error.retry_after) {
    static_cast<void>(fields.add("Retry-After", std::to_string(error.retry_after->count())));
  }
  const std::string body = openai::to_text(error);
  const auto sent = co_await call.respond(error.status, fields, as_bytes(body));
  static_cast<void>(sent);
}

asio::awaitable<void> respond_json(net::http_exchange& call, int status, std::string body) {
  return respond_text(call, status, "application/json", std::move(body));
}

asio::awaitable<void> serve_cold_route(context& shared, gateway_proxy* proxy, net::http_exchange& call) {
  const codec::http_head& request = call.request();
  const std::string_view path = request.path();
  if (request.method() == "OPTIONS") co_return co_await respond_options(call);
  if (is_sealed_route(request)) {  // reached only when the front could not read its framing
    co_return co_await respond(call, openai::error_answer(errc::invalid_http));
  }
  const auto canonical = openai::canonical_target(request.target());
  const bool api_health = path == "/api/v1/health" || path == "/api/v2/health";
  const bool directory = path == nodes_path || path.starts_with(nodes_prefix);
  if (canonical && !directory && !api_health)
    co_return co_await serve_openai(shared, proxy, call, *canonical);

  const bool sealed_path = directory && path.ends_with(ohttp_suffix);
  const bool reads = request.method() == "GET" || request.method() == "HEAD";
  const std::array<std::string_view, 5> known{"/", "/livez", "/healthz", "/readyz", "/metrics"};
  const bool is_known = directory || api_health || std::find(known.begin(), known.end(), path) != known.end();
  if (!is_known) co_return co_await respond(call, openai::error_answer(openai::refusal::not_found));
  if (sealed_path) co_return co_await respond_wrong_method(call, "POST");
  if (!reads) co_return co_await respond_wrong_method(call, "GET");

  if (directory) co_return co_await serve_directory(shared, call);
  if (api_health) co_return co_await respond_json(call, 200, api_health_json(shared));
  if (path == "/livez") co_return co_await respond_json(call, 200, "{\"status\":\"ok\"}");
  if (path == "/healthz") co_return co_await respond_json(call, 200, health_json(shared));
  if (path == "/readyz")
    co_return co_await respond_json(call, shared.draining ? 503 : 200, health_json(shared));
  if (path == "/metrics") {
    co_return co_await respond_text(call, 200, "text/plain; version=0.0.4",
                                    shared.with.meters.prometheus_text());
  }
  co_await respond_page(shared, call);
}

}  // namespace tp::relay
