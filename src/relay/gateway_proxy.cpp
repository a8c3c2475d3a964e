#include "relay/gateway_proxy.hpp"

#include <array>

#include "base/limits.hpp"
#include "openai/error_answer.hpp"
#include "relay/answers.hpp"

namespace tp::relay {

namespace {

constexpr std::array<std::string_view, 3> request_fields{"content-type", "accept", "authorization"};
constexpr std::array<std::string_view, 4> answer_fields{"content-type", "retry-after", "cache-control",
                                                        "x-token-place-node"};

codec::http_fields fields_for_client(const net::http_response& answer,
                                     const relaycore::rate_verdict& verdict) {
  codec::http_fields fields{{"Access-Control-Allow-Origin", "*"},
                            {"Access-Control-Expose-Headers", "retry-after, x-request-id"},
                            {"X-Token-Place-Privacy", "gateway"}};
  for (const std::string_view name : answer_fields) {
    const auto value = answer.fields().find(name);
    if (value) static_cast<void>(fields.set(name, *value));
  }
  add_rate_fields(fields, verdict);
  return fields;
}

}  // namespace

gateway_proxy::gateway_proxy(context& shared, codec::url gateway, const net::tls_client* tls)
    : shared_(shared), client_(shared.tasks_executor, std::move(gateway), tls, shared.with) {}

asio::awaitable<void> gateway_proxy::forward(net::http_exchange& call, std::string target, bytes body,
                                             relaycore::rate_verdict verdict) {
  net::http_request request;
  request.method = std::string(call.request().method());
  request.target = std::move(target);
  request.body = body;
  for (const std::string_view name : request_fields) {
    const auto value = call.request().find(name);
    if (value) static_cast<void>(request.fields.add(name, *value));
  }
  const async::deadline until = async::deadline::after(shared_.config.time.call);
  auto answer = co_await client_.send(std::move(request), until);
  if (!answer) {
    openai::api_error error = openai::error_answer(openai::refusal::gateway_not_configured);
    error.code = "gateway_unreachable";
    error.message =
        "The relay's gateway does not answer. Try again, or seal requests yourself: run `tokenplace "
        "gateway`.";
    co_return co_await respond_counted(call, std::move(error), verdict);
  }
  const codec::http_fields fields = fields_for_client(**answer, verdict);
  const int status = (*answer)->status();
  const auto begun = co_await call.begin(status, fields);
  if (!begun) co_return;
  bytes piece(16U << 10);
  for (;;) {  // bounded by the call's deadline
    const auto size = co_await (*answer)->read_some(piece);
    if (!size) co_return;  // the client's connection is aborted: never a clean end after an error
    if (*size == 0) break;
    const auto sent = co_await call.write(bytes_view(piece).first(*size));
    if (!sent) co_return;
  }
  const auto ended = co_await call.end();
  static_cast<void>(ended);
}

}  // namespace tp::relay
