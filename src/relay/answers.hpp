// Whole answers of the relay's cold routes, with the fields each of them carries. Free functions; each
// answers in one write and fails silently: a client that has gone needs no answer.
#pragma once

#include <string>
#include <string_view>

#include "net/http_server.hpp"
#include "openai/error_answer.hpp"
#include "relaycore/rate_limit.hpp"

namespace tp::relay {

asio::awaitable<void> respond(net::http_exchange& call, openai::api_error error);
asio::awaitable<void> respond_json(net::http_exchange& call, int status, std::string body);
asio::awaitable<void> respond_text(net::http_exchange& call, int status, std::string_view type,
                                   std::string body);
// The same for a request that a limit has counted.
asio::awaitable<void> respond_counted(net::http_exchange& call, openai::api_error error,
                                      relaycore::rate_verdict verdict);
asio::awaitable<void> respond_counted_json(net::http_exchange& call, int status, std::string body,
                                           relaycore::rate_verdict verdict);

// 204 for a browser that asks first.
asio::awaitable<void> respond_options(net::http_exchange& call);
asio::awaitable<void> respond_wrong_method(net::http_exchange& call, std::string allow);

}  // namespace tp::relay
