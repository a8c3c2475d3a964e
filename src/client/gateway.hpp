// OpenAI's API on this machine for programs that know nothing of token.place: every request is sealed to a
// node, every event of a streamed answer is passed on at once. The handler of an http_listener; one per
// program, loop thread. Refused: browsers of other origins (unless allowed), the caller's Authorization
// inside the envelope (it belongs to somebody else's service; the node's own key comes from the
// configuration), fields of the node's answer that are not on a list. A client that goes away ends its call
// at once, because its handler is cancelled.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "client/sealed_call.hpp"
#include "net/http_server.hpp"
#include "openai/error_answer.hpp"
#include "openai/routes.hpp"

namespace tp::client {

struct gateway_settings {
  std::optional<codec::peer_id> pin;
  secret_key node_api_key;  // sealed to the node as its bearer token; empty: none
  std::vector<std::string>
      allowed_origins;  // web pages that may call, e.g. "http://localhost:3001"; none by default
};

class gateway {
 public:
  gateway(sealed_client& calls, directory& nodes, gateway_settings settings, services& with);

  asio::awaitable<void> handle(net::http_exchange& exchange);

 private:
  asio::awaitable<void> route(net::http_exchange& exchange, codec::http_fields fields);
  asio::awaitable<void> list_models(net::http_exchange& exchange, codec::http_fields fields,
                                    std::string wanted);
  asio::awaitable<void> forward(net::http_exchange& exchange, codec::http_fields fields,
                                openai::endpoint which, std::string target);
  asio::awaitable<void> pass_on(net::http_exchange& exchange, codec::http_fields fields,
                                sealed_answer& answer);
  asio::awaitable<void> stream(net::http_exchange& exchange, codec::http_fields fields,
                               sealed_answer& answer);
  asio::awaitable<void> fail(net::http_exchange& exchange, codec::http_fields fields,
                             openai::api_error error);
  std::optional<std::string> origin_of(const codec::http_head& head) const;
  openai::api_error explain(errc failure, std::string_view model) const;

  sealed_client& calls_;
  directory& nodes_;
  gateway_settings settings_;
  services& services_;
  counter& answered_;
  counter& refused_;
  counter& failed_;
};

// The list of models that the verified nodes serve, each once.
std::string model_list_of(const node_list& list);

}  // namespace tp::client
