// The relay's routes: which heads belong to the hot front, and the handler for everything else (CONTRACT
// "Relay routes"). Nothing here reads a sealed body.
#pragma once

#include <string_view>

#include "net/http_server.hpp"
#include "openai/error_answer.hpp"
#include "relay/context.hpp"

namespace tp::relay {

// GET with a WebSocket upgrade on / or /p2p.
bool is_upgrade(const codec::http_head& head);
// POST /api/v2/nodes/{peer_id}/ohttp.
bool is_sealed_route(const codec::http_head& head);
std::string_view peer_of_sealed_route(const codec::http_head& head);

// Answers in one write, with the fields every answer of the relay carries.
asio::awaitable<void> respond(net::http_exchange& call, openai::api_error error);
asio::awaitable<void> respond_json(net::http_exchange& call, int status, std::string body);

class gateway_proxy;

// Serves every cold route. `proxy` may be null: plain OpenAI calls are then refused with what to do instead.
asio::awaitable<void> serve_cold_route(context& shared, gateway_proxy* proxy, net::http_exchange& call);

}  // namespace tp::relay
