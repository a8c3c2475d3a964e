#include "net/http_server.hpp"

#include <algorithm>
#include <array>

#include "base/random.hpp"
#include "net/http_connection.hpp"

namespace tp::net {

namespace {

using upgrade_test = std::function<bool(const codec::http_head&)>;

struct refusal {
  int status;
  literal code;
  literal message;
};

// The parser says only "malformed"; a client is helped by knowing that its version or coding is what we do
// not speak.
refusal why_malformed(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\r'));
  const std::size_t version = line.rfind(" HTTP/");
  if (version != std::string_view::npos && line.size() == version + 9 && line[version + 7] == '.' &&
      line[version + 6] != '1' && line[version + 6] >= '0' && line[version + 6] <= '9') {
    return {505, "http_version_not_supported", "Use HTTP/1.1."};
  }
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const std::string_view field = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos || !codec::same_name(field.substr(0, colon), "transfer-encoding"))
      continue;
    std::string_view value = field.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    if (!codec::same_name(value, "chunked")) {
      return {501, "transfer_coding_not_supported", "The only transfer coding supported is chunked."};
    }
  }
  return {400, "malformed_request", "The request is not valid HTTP/1.1."};
}

std::string_view error_type(int status) {
  if (status == 401 || status == 403) return "authentication_error";
  if (status == 429) return "rate_limit_error";
  if (status == 408 || status == 504) return "timeout_error";
  if (status == 503) return "service_unavailable_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}

bool sane_id(std::string_view id) {
  if (id.empty() || id.size() > 64) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

asio::awaitable<void> call_handler(const http_handler* handler, http_exchange* exchange) {
  co_await (*handler)(*exchange);
}

// The handler in a task of its own, ended early when the client goes away.
asio::awaitable<void> run_handler(http_connection& on, const http_handler& handler) {
  const auto executor = co_await asio::this_coro::executor;
  http_exchange exchange(on);
  async::task_scope handling(executor);
  auto peer_gone = [&on, &handling] {
    on.keep_alive = false;
    if (on.gone)
      std::exchange(on.gone, nullptr)();
    else
      handling.cancel();
  };
  on.stream.on_peer_gone(peer_gone);
  handling.spawn(call_handler, &handler, &exchange);
  co_await handling.join();
  on.stream.on_peer_gone({});
  on.gone = nullptr;
}

// What follows the handler: a complete answer, none at all, or one that must not look complete.
asio::awaitable<http_next> conclude(http_connection& on) {
  const auto cancelled = co_await asio::this_coro::cancellation_state;
  if (on.state == http_connection::answer::none && !async::is_cancelled(cancelled)) {
    co_await on.refuse(500, "internal_error", "The server failed to answer. Try again.");
    co_return http_next::close;
  }
  if (on.state != http_connection::answer::complete) {
    on.stream.reset();
    co_return http_next::close;
  }
  const auto unread_body = on.buffered_rest_of_body();  // what the handler left is stepped over
  if (on.keep_alive && unread_body) {
    on.input_at += *unread_body;
    on.compact();
    co_return http_next::another_request;
  }
  co_await on.linger();
  co_return http_next::close;
}

asio::awaitable<http_next> serve_request(http_connection& on, const http_handler& handler) {
  const codec::http_head& head = on.head;
  on.id = choose_request_id(head, on.env);
  on.is_head_request = head.method() == "HEAD";
  on.keep_alive = head.keep_alive();
  const auto framing = codec::request_framing(head);
  if (framing.has_error()) {
    co_await on.refuse(400, "malformed_request", "The request's body framing is not valid.");
    co_return http_next::close;
  }
  on.body = codec::body_decoder(*framing);
  on.body_until = async::deadline::after(on.settings.body_time);
  on.continue_wanted = head.minor_version() == 1 && head.has_token("expect", "100-continue");
  if (framing->length > on.settings.body_bytes_max) {
    co_await on.refuse(413, "body_too_large", "The request body is too large.");
    co_return http_next::close;
  }
  co_await run_handler(on, handler);
  const http_next next = co_await conclude(on);
  co_return next;
}

asio::awaitable<http_next> serve_one(http_connection& on, const http_handler& handler,
                                     async::deadline first_byte, const upgrade_test& upgrades = {}) {
  const result<void> got = co_await on.read_head(first_byte);
  if (got.has_value() && upgrades && upgrades(on.head)) {
    on.untake_head();
    co_return http_next::upgrade;
  }
  if (got.has_value()) {
    const http_next next = co_await serve_request(on, handler);
    co_return next;
  }
  const errc error = to_errc(got.error());
  if (error == errc::invalid_http) {
    const refusal why = why_malformed(as_chars(on.unread()));
    co_await on.refuse(why.status, why.code, why.message);
  } else if (error == errc::too_large) {
    co_await on.refuse(431, "headers_too_large", "The request's header is too large.");
  } else if (error == errc::deadline_exceeded && !on.unread().empty()) {
    co_await on.refuse(408, "request_timeout", "The request's header did not arrive in time.");
  } else {
    co_await on.stream.close_write();  // nothing (more) to answer: an orderly end, not a reset
  }
  co_return http_next::close;
}

}  // namespace

void http_drain::begin() {
  begun_ = true;
  for (async::task_scope* wait : idle_) wait->cancel();
}

http_drain::idle::idle(http_drain* of, async::task_scope& wait) : of_(of) {
  if (of_ == nullptr) return;
  place_ = of_->idle_.insert(of_->idle_.end(), &wait);
  if (of_->begun_) wait.cancel();
}

http_drain::idle::~idle() {
  if (of_ != nullptr) of_->idle_.erase(place_);
}

// deadline_exceeded with unread bytes: the head was too slow. connection_closed: nothing (more) came.
task<void> http_connection::read_head(async::deadline first_byte) {
  async::deadline until = first_byte;
  std::size_t looked_at = 0;
  while (true) {
    const std::string_view text = as_chars(unread());
    // A line's end or an overflow can change the verdict; single bytes in between cannot.
    const bool worth_parsing =
        text.find('\n', looked_at) != std::string_view::npos || text.size() > limits::http_head_bytes_max;
    looked_at = text.size();
    if (worth_parsing) {
      const auto parsed = codec::parse_request_head(text, head);
      if (parsed.has_error()) co_return parsed.error();
      if (*parsed > 0) {
        take_head(*parsed);
        co_return async::success();
      }
    }
    const bool idle = text.empty();
    if (!idle && until.when() == first_byte.when()) until = async::deadline::after(settings.head_time);
    compact();
    const std::size_t before = input.size();
    input.resize(before + 16'384);
    const bytes_span room = bytes_span(input).subspan(before);
    const result<std::size_t> got = co_await read_before(stream, room, until, idle ? drain : nullptr);
    input.resize(before + (got.has_value() ? *got : 0));
    if (got.has_error()) co_return got.error();
    if (*got == 0) co_return errc::connection_closed;
  }
}

// The head keeps the memory it was parsed in; what follows it moves to a new buffer.
void http_connection::take_head(std::size_t size) {
  const std::size_t end = input_at + size;
  bytes rest(input.begin() + static_cast<std::ptrdiff_t>(end), input.end());
  head_bytes = std::move(input);
  input = std::move(rest);
  head_at = input_at;
  input_at = 0;
}

void http_connection::untake_head() {
  head = {};
  head_bytes.erase(head_bytes.begin(), head_bytes.begin() + static_cast<std::ptrdiff_t>(head_at));
  input = std::move(head_bytes);
}

task<void> http_connection::refuse(int status, literal code, literal message) {
  env.log.debug("http_request_refused", field("status", status));
  if (id.empty()) id = new_request_id(env);
  keep_alive = false;
  const codec::http_fields fields{{"Content-Type", "application/json"}};
  const std::string content = http_error_body(status, code, message);
  result<void> sent = co_await respond(status, fields, as_bytes(content));
  if (sent.has_error()) co_return sent;
  sent = co_await linger();
  co_return sent;
}

task<void> http_connection::linger() {
  const bool all_read = buffered_rest_of_body() == unread().size() && !head_bytes.empty();
  result<void> closed = co_await stream.close_write();
  if (closed.has_error() || all_read) co_return closed;
  const auto until = async::deadline::after(settings.drain_refused_time);
  bytes scrap(16'384);
  for (std::size_t total = 0; total < settings.drain_refused_bytes;) {
    const result<std::size_t> got = co_await read_before(stream, scrap, until);
    if (got.has_error()) co_return got.error();
    if (*got == 0) break;
    total += *got;
  }
  co_return async::success();
}

asio::awaitable<http_next> serve_http_once(async::byte_stream& on, const http_handler& handler,
                                           const http_server_settings& settings, services& with, bytes& input,
                                           http_drain* drain) {
  const auto connection = std::make_unique<http_connection>(on, settings, with, drain, input);
  const auto first_byte = async::deadline::after(settings.head_time);
  const http_next next = co_await serve_one(*connection, handler, first_byte);
  co_return next;
}

asio::awaitable<http_next> serve_http_until(const upgrade_test& wanted, async::byte_stream& on,
                                            const http_handler& handler, const http_server_settings& settings,
                                            services& with, bytes& input, http_drain* drain) {
  const auto cancelled = co_await asio::this_coro::cancellation_state;
  http_next next = http_next::another_request;
  while (next == http_next::another_request) {
    if (drain != nullptr && drain->begun() && input.empty()) break;
    const auto connection = std::make_unique<http_connection>(on, settings, with, drain, input);
    const auto first_byte = async::deadline::after(settings.idle_time);
    next = co_await serve_one(*connection, handler, first_byte, wanted);
  }
  if (async::is_cancelled(cancelled)) on.reset();
  co_return next == http_next::upgrade ? next : http_next::close;
}

asio::awaitable<void> serve_http(async::byte_stream& on, const http_handler& handler,
                                 const http_server_settings& settings, services& with, http_drain* drain,
                                 bytes already_read) {
  const upgrade_test none;
  const http_next then = co_await serve_http_until(none, on, handler, settings, with, already_read, drain);
  static_cast<void>(then);
}

std::string http_error_body(int status, literal code, literal message) {
  std::string out = R"({"error":{"message":")";
  out.append(message.text()).append(R"(","type":")").append(error_type(status));
  out.append(R"(","code":")").append(code.text()).append(R"(","param":null}})");
  return out;
}

std::string new_request_id(services& with) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id;
  std::uint64_t random = with.random.next_u64();
  for (int i = 0; i < 16; ++i, random >>= 4U) id += digits[random & 15U];
  return id;
}

std::string choose_request_id(const codec::http_head& request, services& with) {
  const auto given = request.find("x-request-id");
  if (given && sane_id(*given)) return std::string(*given);
  return new_request_id(with);
}

}  // namespace tp::net
