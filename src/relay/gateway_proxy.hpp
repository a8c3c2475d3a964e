// Plain OpenAI calls, passed to the gateway the operator named (CONTRACT "Relay routes"). The gateway sees
// plaintext, and every answer says so: X-Token-Place-Privacy: gateway, even where that gateway seals what it
// passes on. Owned by the relay; event loop thread only. Streams both ways; passes on only the fields an
// OpenAI call needs.
#pragma once

#include <string>

#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "relay/context.hpp"

namespace tp::relay {

class gateway_proxy {
 public:
  // `tls` may be null for an http gateway.
  gateway_proxy(context& shared, codec::url gateway, const net::tls_client* tls);

  // Answers the call, whose body is `body`. A client that goes away cancels it, which closes the connection
  // to the gateway.
  asio::awaitable<void> forward(net::http_exchange& call, std::string target, bytes body,
                                relaycore::rate_verdict verdict);

 private:
  context& shared_;
  net::http_client client_;
};

}  // namespace tp::relay
