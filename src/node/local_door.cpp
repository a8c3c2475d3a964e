#include "node/local_door.hpp"

#include "base/limits.hpp"
#include "openai/error_answer.hpp"

namespace tp::node {

namespace {

codec::http_fields with_type(codec::http_fields fields, std::string_view type) {
  static_cast<void>(fields.set("Content-Type", type));
  static_cast<void>(fields.set("Cache-Control", "no-store"));
  return fields;
}

asio::awaitable<void> respond(net::http_exchange& call, int status, std::string_view type, std::string body) {
  const codec::http_fields fields = with_type({}, type);
  const auto sent = co_await call.respond(status, fields, as_bytes(body));
  static_cast<void>(sent);  // a client that has gone needs no answer
}

asio::awaitable<void> refuse(net::http_exchange& call, openai::api_error error) {
  return respond(call, error.status, openai::content_type(error), openai::to_text(error));
}

class plain_sink final : public answer_sink {
 public:
  explicit plain_sink(net::http_exchange& call) : call_(call) {}

  async::task<void> whole(int status, codec::http_fields fields, plaintext body) override {
    co_return co_await call_.respond(status, fields, body.reveal());
  }
  // The owner's own client waits as long as it likes, and not every one knows informational answers.
  async::task<void> sign_of_life() override { co_return async::success(); }
  async::task<void> begin(int status, codec::http_fields fields) override {
    static_cast<void>(fields.set("Cache-Control", "no-store"));
    co_return co_await call_.begin(status, fields);
  }
  async::task<void> piece(plaintext data) override { co_return co_await call_.write(data.reveal()); }
  async::task<void> end() override { return call_.end(); }

 private:
  net::http_exchange& call_;
};

}  // namespace

asio::awaitable<void> local_door::serve(net::http_exchange& call) {
  const std::string_view path = call.request().path();
  const bool reads = call.request().method() == "GET" || call.request().method() == "HEAD";
  const auto target = openai::canonical_target(call.request().target());
  if (target) co_return co_await serve_api(call, *target);
  const bool known = path == "/" || path == "/health" || path == "/healthz" || path == "/metrics";
  if (!known) co_return co_await refuse(call, openai::error_answer(openai::refusal::not_found));
  if (!reads) co_return co_await refuse(call, openai::error_answer(openai::refusal::method_not_allowed));
  if (path == "/metrics") {
    co_return co_await respond(call, 200, "text/plain; version=0.0.4", with_.meters.prometheus_text());
  }
  if (path == "/") {
    co_return co_await respond(call, 200, "application/json",
                               "{\"status\":\"ok\",\"message\":\"token.place server is running\"}");
  }
  co_await respond(call, engine_.healthy() ? 200 : 503, "application/json", health());
}

std::string local_door::health() const {
  std::string out = "{\"status\":\"";
  out.append(engine_.healthy() ? "ok" : "engine_not_ready").append("\",\"engine\":\"");
  out.append(name(engine_.state())).append("\",\"reason\":\"").append(name(engine_.reason()));
  out.append("\",\"models\":").append(std::to_string(engine_.models().size()));
  out.append(",\"relays\":").append(std::to_string(count_.links.value()));
  out.append(",\"environment\":\"").append(config_.environment).append("\"}");
  return out;
}

asio::awaitable<void> local_door::serve_api(net::http_exchange& call, std::string target) {
  if (!api_.admits(caller::local, call.request().find("authorization"))) {
    co_return co_await refuse(call, openai::error_answer(openai::refusal::invalid_api_key));
  }
  api_call wanted;
  wanted.method = std::string(call.request().method());
  wanted.target = std::move(target);
  wanted.content_type = std::string(call.request().find("content-type").value_or("application/json"));
  auto body = co_await call.read_body(limits::http_plain_body_max);
  if (!body) co_return co_await refuse(call, openai::error_answer(body.error()));
  wanted.body = plaintext(std::move(*body));
  plain_sink sink(call);
  co_await api_.answer(std::move(wanted), sink);
}

}  // namespace tp::node
