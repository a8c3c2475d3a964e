#include "relay/routes.hpp"

#include <algorithm>
#include <array>

#include "base/limits.hpp"
#include "codec/percent.hpp"
#include "e2ee/wire.hpp"
#include "openai/models.hpp"
#include "openai/routes.hpp"
#include "relay/answers.hpp"
#include "relay/gateway_proxy.hpp"
#include "relay/status_page.hpp"
#include "relay/v1_desk.hpp"

namespace tp::relay {

namespace {

constexpr std::string_view nodes_path = "/api/v2/nodes";
constexpr std::string_view nodes_prefix = "/api/v2/nodes/";
constexpr std::string_view ohttp_suffix = "/ohttp";
constexpr std::string_view keys_suffix = "/ohttp-keys";
constexpr std::string_view public_key_target = "/v1/public-key";

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

// Plain calls go to the gateway, encrypted ones to a node.
asio::awaitable<void> serve_inference(context& shared, codec::ip_address peer, net::http_exchange& call,
                                      openai::endpoint which, std::string target) {
  const relaycore::rate_verdict verdict = shared.rates.take(call.request(), peer);
  if (verdict.refused != relaycore::limited_by::nothing) {
    shared.count.rate_limited.add();
    co_return co_await respond_counted(call, refusal_of(verdict), verdict);
  }
  const bool may_be_encrypted =
      which == openai::endpoint::chat_completions || which == openai::endpoint::completions;
  const bool needs_body = may_be_encrypted || shared.gateway != nullptr;
  if (needs_body) {
    auto body = co_await call.read_body(limits::http_plain_body_max);
    if (!body) co_return co_await respond_counted(call, openai::error_answer(body.error()), verdict);
    v1_api_marks marks;
    if (may_be_encrypted) marks = find_v1_marks(as_chars(*body));
    if (marks.encrypted) {
      co_return co_await shared.v1->serve_encrypted(peer, call, std::move(*body), std::move(marks.server_key),
                                                    verdict);
    }
    if (shared.gateway != nullptr) {
      shared.count.plain_forwarded.add();
      co_return co_await shared.gateway->forward(call, std::move(target), std::move(*body), verdict);
    }
  }
  co_await respond_counted(call, openai::error_answer(openai::refusal::gateway_not_configured), verdict);
}

asio::awaitable<void> serve_openai(context& shared, codec::ip_address peer, net::http_exchange& call,
                                   std::string target) {
  if (target == public_key_target) {
    const bool reads = call.request().method() == "GET";
    if (!reads) co_return co_await respond_wrong_method(call, "GET");
    co_return co_await shared.v1->serve_public_key(peer, call);
  }
  const openai::route_match route = openai::find_route(call.request().method(), target);
  if (route.outcome == openai::route_outcome::unknown) {
    co_return co_await respond(call, openai::error_answer(openai::refusal::not_found));
  }
  if (route.outcome == openai::route_outcome::wrong_method) {
    co_return co_await respond_wrong_method(call, std::string(route.allow));
  }
  const bool about_models = route.which == openai::endpoint::models || route.which == openai::endpoint::model;
  if (about_models) co_return co_await serve_models(shared, call, route);
  co_await serve_inference(shared, peer, call, route.which, std::move(target));
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

asio::awaitable<void> serve_cold_route(context& shared, codec::ip_address peer, net::http_exchange& call) {
  const codec::http_head& request = call.request();
  const std::string_view path = request.path();
  if (request.method() == "OPTIONS") co_return co_await respond_options(call);
  if (is_sealed_route(request)) {  // reached only when the front could not read its framing
    co_return co_await respond(call, openai::error_answer(errc::invalid_http));
  }
  const auto canonical = openai::canonical_target(request.target());
  const bool api_health = path == "/api/v1/health" || path == "/api/v2/health";
  const bool directory = path == nodes_path || path.starts_with(nodes_prefix);
  if (canonical && !directory && !api_health) co_return co_await serve_openai(shared, peer, call, *canonical);
  if (const auto v1 = relaycore::find_v1_route(path)) co_return co_await shared.v1->serve(*v1, peer, call);

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
