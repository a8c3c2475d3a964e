// The relay's routes: which heads belong to the hot front, and the handler for everything else (CONTRACT
// "Relay routes"). Nothing here reads a sealed body.
#pragma once

#include <string_view>

#include "net/http_server.hpp"
#include "relay/context.hpp"

namespace tp::relay {

// GET with a WebSocket upgrade on / or /p2p.
bool is_upgrade(const codec::http_head& head);
// POST /api/v2/nodes/{peer_id}/ohttp.
bool is_sealed_route(const codec::http_head& head);
std::string_view peer_of_sealed_route(const codec::http_head& head);

// Serves every cold route; `peer` is the other end of the connection.
asio::awaitable<void> serve_cold_route(context& shared, codec::ip_address peer, net::http_exchange& call);

}  // namespace tp::relay
