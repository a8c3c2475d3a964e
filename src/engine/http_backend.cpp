#include "engine/http_backend.hpp"

#include <optional>
#include <utility>

#include "async/task_scope.hpp"
#include "base/limits.hpp"
#include "engine/http_answer.hpp"

namespace tp::engine {
namespace {

using response = std::unique_ptr<net::http_response>;

boost::asio::awaitable<void> send_into(net::http_client* client, net::http_request request,
                                       async::deadline until, result<response>* out) {
  result<response> got = co_await client->send(std::move(request), until);
  *out = std::move(got);
}

errc probe_failure(const error_code& failure) {
  const errc why = to_errc(failure);
  return why == errc::cancelled || why == errc::deadline_exceeded ? why : errc::engine_unavailable;
}

}  // namespace

std::string target_prefix(std::string_view target) {
  target = target.substr(0, target.find('?'));
  while (target.ends_with('/')) target.remove_suffix(1);
  if (target.ends_with("/v1")) target.remove_suffix(3);
  while (target.ends_with('/')) target.remove_suffix(1);
  return std::string(target);
}

errc call_failure(const error_code& failure) {
  switch (to_errc(failure)) {
    case errc::cancelled: return errc::cancelled;
    case errc::deadline_exceeded: return errc::deadline_exceeded;
    case errc::too_large: return errc::too_large;
    case errc::connection_refused:
    case errc::name_not_resolved:
    case errc::tls_failed: return errc::engine_unavailable;
    default: return errc::engine_failed;
  }
}

http_backend::http_backend(const boost::asio::any_io_executor& executor, backend_settings settings,
                           const net::tls_client* tls, services& with, std::shared_ptr<call_list> calls)
    : settings_(std::move(settings)),
      prefix_(target_prefix(settings_.address.target)),
      client_(executor, settings_.address, tls, with),
      executor_(executor),
      calls_(std::move(calls)) {}

codec::http_fields http_backend::fields_for(std::string_view content_type) const {
  codec::http_fields fields;
  // Both come from our own checks; a value that HTTP refuses is left out, and the server says what it misses.
  if (!content_type.empty()) (void)fields.add("Content-Type", content_type);
  if (!settings_.api_key.empty()) {
    (void)fields.add("Authorization", "Bearer " + std::string(settings_.api_key.reveal_text()));
  }
  return fields;
}

async::task<response> http_backend::send(const engine_request& request, async::deadline until) {
  net::http_request out;
  out.method = request.method;
  out.target = prefix_ + request.target;
  out.fields = fields_for(request.content_type);
  out.body = request.body.reveal();
  out.again = net::repeat::harmless;  // engines close kept connections at will, and keep nothing of a call
  // The client's deadline covers the body too; the head has one of its own.
  result<response> got = errc::cancelled;
  async::task_scope scope(executor_);
  async::deadline_guard head(executor_, async::deadline::after(settings_.head_time),
                             [&scope] { scope.cancel(); });
  scope.spawn(send_into(&client_, std::move(out), until, &got));
  co_await scope.join();
  if (got.has_error() && head.expired()) co_return errc::engine_failed;
  if (got.has_error()) co_return call_failure(got.error());
  co_return std::move(got);
}

async::task<std::unique_ptr<engine_answer>> http_backend::call(engine_request request,
                                                               async::deadline until) {
  const auto self = shared_from_this();
  result<response> got = co_await send(request, until);
  if (!got) co_return got.error();
  co_return std::make_unique<http_answer>(std::move(*got), settings_.silence_time, calls_);
}

async::task<std::vector<openai::model_entry>> http_backend::list_models() {
  const auto self = shared_from_this();
  net::http_request request;
  request.target = prefix_ + "/v1/models";
  request.fields = fields_for({});
  result<response> got =
      co_await client_.send(std::move(request), async::deadline::after(settings_.probe_time));
  if (!got) co_return probe_failure(got.error());
  const int status = (*got)->status();
  if (status == 401 || status == 403) co_return errc::permission_denied;
  if (status == 429 || status >= 500) co_return errc::engine_unavailable;
  if (status != 200) co_return errc::not_found;
  const result<bytes> body = co_await (*got)->read_all(limits::engine_list_bytes_max);
  if (!body) co_return probe_failure(body.error());
  result<std::vector<openai::model_entry>> models = openai::parse_model_list(as_chars(*body));
  if (!models) co_return errc::not_found;
  co_return std::move(models);
}

async::task<int> http_backend::probe(std::string target) {
  const auto self = shared_from_this();
  net::http_request request;
  request.target = std::move(target);
  request.fields = fields_for({});
  result<response> got =
      co_await client_.send(std::move(request), async::deadline::after(settings_.probe_time));
  if (!got) co_return probe_failure(got.error());
  const int status = (*got)->status();
  const result<bytes> body = co_await (*got)->read_all(limits::engine_error_bytes_max);
  if (!body) co_return probe_failure(body.error());
  co_return status;
}

}  // namespace tp::engine
