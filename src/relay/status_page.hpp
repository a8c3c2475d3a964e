// The page at `/`: what this relay is, how it does, how to use it. No script, no other origin.
#pragma once

#include "net/http_server.hpp"
#include "relay/context.hpp"

namespace tp::relay {

asio::awaitable<void> respond_page(const context& shared, net::http_exchange& call);

}  // namespace tp::relay
