#include "relay/answers.hpp"

#include "relay/rate_gate.hpp"

namespace tp::relay {

namespace {

codec::http_fields common_fields(std::string_view type) {
  codec::http_fields fields{{"Cache-Control", "no-store"},
                            {"Access-Control-Allow-Origin", "*"},
                            {"Access-Control-Expose-Headers", "retry-after, x-request-id"},
                            {"X-Content-Type-Options", "nosniff"}};
  static_cast<void>(fields.add("Content-Type", type));  // ours, so it cannot be refused
  return fields;
}

asio::awaitable<void> send(net::http_exchange& call, int status, codec::http_fields fields,
                           std::string body) {
  const auto sent = co_await call.respond(status, fields, as_bytes(body));
  static_cast<void>(sent);
}

}  // namespace

asio::awaitable<void> respond_counted(net::http_exchange& call, openai::api_error error,
                                      relaycore::rate_verdict verdict) {
  codec::http_fields fields = common_fields(openai::content_type(error));
  if (error.retry_after) {
    static_cast<void>(fields.add("Retry-After", std::to_string(error.retry_after->count())));
  }
  add_rate_fields(fields, verdict);
  return send(call, error.status, std::move(fields), openai::to_text(error));
}

asio::awaitable<void> respond_counted_json(net::http_exchange& call, int status, std::string body,
                                           relaycore::rate_verdict verdict) {
  codec::http_fields fields = common_fields("application/json");
  add_rate_fields(fields, verdict);
  return send(call, status, std::move(fields), std::move(body));
}

asio::awaitable<void> respond(net::http_exchange& call, openai::api_error error) {
  return respond_counted(call, std::move(error), {});
}

asio::awaitable<void> respond_json(net::http_exchange& call, int status, std::string body) {
  return respond_text(call, status, "application/json", std::move(body));
}

asio::awaitable<void> respond_text(net::http_exchange& call, int status, std::string_view type,
                                   std::string body) {
  return send(call, status, common_fields(type), std::move(body));
}

asio::awaitable<void> respond_options(net::http_exchange& call) {
  codec::http_fields fields{
      {"Access-Control-Allow-Origin", "*"},
      {"Access-Control-Allow-Methods", "GET, POST"},
      {"Access-Control-Allow-Headers", "authorization, content-type, incremental, prefer"},
      {"Access-Control-Max-Age", "86400"}};
  return send(call, 204, std::move(fields), {});
}

asio::awaitable<void> respond_wrong_method(net::http_exchange& call, std::string allow) {
  const openai::api_error error = openai::error_answer(openai::refusal::method_not_allowed);
  codec::http_fields fields = common_fields(openai::content_type(error));
  static_cast<void>(fields.add("Allow", allow));
  return send(call, error.status, std::move(fields), openai::to_text(error));
}

}  // namespace tp::relay
