#include <algorithm>
#include <utility>

#include "codec/http_date.hpp"
#include "net/http_connection.hpp"

namespace tp::net {

namespace {

constexpr std::size_t read_bytes = 16'384;

asio::awaitable<void> read_into(async::byte_stream* from, bytes_span into, result<std::size_t>* out) {
  *out = co_await from->read_some(into);
}

bool has_no_body(int status) { return status == 204 || status == 304 || status < 200; }

}  // namespace

task<std::size_t> read_before(async::byte_stream& from, bytes_span into, async::deadline until,
                              http_drain* drain) {
  const auto executor = co_await asio::this_coro::executor;
  result<std::size_t> got = errc::cancelled;
  async::task_scope reading(executor);
  const http_drain::idle registered(drain, reading);
  auto give_up = [&reading] { reading.cancel(); };
  async::deadline_guard guard(executor, until, give_up);
  reading.spawn(read_into, &from, into, &got);
  co_await reading.join();
  co_return guard.outcome(got);
}

task<void> write_within(async::byte_stream& to, bytes_view data, std::chrono::nanoseconds patience) {
  auto give_up = [&to] { to.reset(); };
  async::deadline_guard guard(to.executor(), async::deadline::after(patience), give_up);
  const result<void> written = co_await to.write(data);
  if (written.has_error() && guard.expired()) co_return errc::stalled;
  co_return written;
}

void http_connection::compact() {
  input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(input_at));
  input_at = 0;
}

task<void> http_connection::refill(async::deadline until) {
  compact();
  const std::size_t before = input.size();
  input.resize(before + read_bytes);
  const result<std::size_t> got = co_await read_before(stream, bytes_span(input).subspan(before), until);
  input.resize(before + (got.has_value() ? *got : 0));
  if (got.has_error()) co_return got.error();
  if (*got == 0) co_return errc::connection_closed;
  co_return async::success();
}

task<void> http_connection::send_continue() {
  const bool due = std::exchange(continue_wanted, false) && state == answer::none;
  if (!due) co_return async::success();  // once an answer has begun, it would stand amid that
  const result<void> sent = co_await send(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
  co_return sent;
}

task<std::size_t> http_connection::body_some(bytes_span into) {
  while (!body.done()) {
    if (unread().empty()) {
      const result<void> asked = co_await send_continue();
      if (asked.has_error()) co_return asked.error();
      const result<void> more = co_await refill(body_until);
      if (more.has_error()) co_return more.error();
    }
    const bytes_view now = unread().first(std::min(unread().size(), into.size()));
    const auto step = body.next(now);
    if (step.has_error()) {
      keep_alive = false;
      co_return step.error();
    }
    input_at += step->consumed;
    if (step->piece.empty()) continue;
    body_bytes += step->piece.size();
    if (body_bytes > settings.body_bytes_max) co_return errc::too_large;
    std::copy(step->piece.begin(), step->piece.end(), into.begin());
    co_return step->piece.size();
  }
  co_return std::size_t{0};
}

std::optional<std::size_t> http_connection::buffered_rest_of_body() const {
  codec::body_decoder ahead = body;
  std::size_t size = 0;
  while (!ahead.done() && size < unread().size()) {
    const auto step = ahead.next(unread().subspan(size));
    if (step.has_error()) return std::nullopt;
    size += step->consumed;
  }
  return ahead.done() ? std::optional(size) : std::nullopt;
}

codec::http_fields http_connection::answer_fields(const codec::http_fields& own) {
  // An answer given before the whole request has come can only be the connection's last one.
  if (!buffered_rest_of_body()) keep_alive = false;
  if (drain != nullptr && drain->begun()) keep_alive = false;
  codec::http_fields all = own;
  const auto set = [&all](std::string_view name, std::string_view value) {
    const result<void> added = all.set(name, value);
    static_cast<void>(added);  // refused only when `own` is full; the answer is then sent without ours
  };
  if (!all.find("date")) set("Date", codec::http_date(env.clock.unix_now()));
  set("X-Request-Id", id);
  all.remove("connection");
  if (!keep_alive) set("Connection", "close");
  if (keep_alive && head.minor_version() == 0) set("Connection", "keep-alive");
  all.remove("transfer-encoding");
  return all;
}

task<void> http_connection::send(bytes_view data) {
  const result<void> sent = co_await write_within(stream, data, settings.write_time);
  if (sent.has_error()) state = answer::failed;
  co_return sent;
}

task<void> http_connection::respond(int status, const codec::http_fields& fields, bytes_view content) {
  if (state != answer::none) co_return errc::invalid_argument;
  codec::http_fields all = answer_fields(fields);
  all.remove("content-length");
  if (!has_no_body(status)) {
    const result<void> added = all.add("Content-Length", std::to_string(content.size()));
    if (added.has_error()) co_return added.error();
  }
  bytes out;
  codec::write_response_head(out, status, all);
  if (is_head_request || has_no_body(status)) content = {};
  const bool together = content.size() <= limits::http_merge_bytes_max;
  if (together) append(out, content);
  state = answer::complete;
  result<void> sent = co_await send(out);
  if (sent.has_error() || together) co_return sent;
  sent = co_await send(content);
  co_return sent;
}

task<void> http_connection::begin(int status, const codec::http_fields& fields) {
  if (state != answer::none) co_return errc::invalid_argument;
  const auto length = fields.find("content-length");
  const std::string length_text(length.value_or(""));
  const bool digits = !length_text.empty() && length_text.size() <= 19 &&
                      length_text.find_first_not_of("0123456789") == std::string::npos;
  if (length && !digits) co_return errc::invalid_argument;
  answer next = answer::chunked;
  if (length)
    next = answer::length;
  else if (head.minor_version() == 0)
    next = answer::until_close;
  if (next == answer::until_close) keep_alive = false;
  codec::http_fields all = answer_fields(fields);
  if (is_head_request || has_no_body(status)) {
    next = answer::head_only;
  } else if (next == answer::chunked) {
    const result<void> added = all.add("Transfer-Encoding", "chunked");
    if (added.has_error()) co_return added.error();
  } else if (next == answer::length) {
    length_left = std::stoull(length_text);
  }
  bytes out;
  codec::write_response_head(out, status, all);
  state = next;
  const result<void> sent = co_await send(out);
  co_return sent;
}

task<void> http_connection::write(bytes_view data) {
  switch (state) {
    case answer::chunked: {
      if (data.empty()) co_return async::success();
      bytes out;
      out.reserve(data.size() + 24);
      codec::write_chunk(out, data);
      const result<void> sent = co_await send(out);
      co_return sent;
    }
    case answer::length:
      if (data.size() > length_left) {
        state = answer::failed;
        co_return errc::invalid_argument;
      }
      length_left -= data.size();
      break;
    case answer::until_close:
      break;
    case answer::head_only:
      co_return async::success();
    case answer::failed:
      co_return errc::connection_reset;
    default:
      co_return errc::invalid_argument;
  }
  const result<void> sent = co_await send(data);
  co_return sent;
}

task<void> http_connection::end() {
  const answer was = state;
  if (was == answer::failed) co_return errc::connection_reset;
  if (was == answer::none || was == answer::complete) co_return errc::invalid_argument;
  if (was == answer::length && length_left > 0) {
    state = answer::failed;
    co_return errc::invalid_argument;
  }
  state = answer::complete;
  if (was != answer::chunked) co_return async::success();
  bytes out;
  codec::write_last_chunk(out);
  const result<void> sent = co_await send(out);
  co_return sent;
}

const codec::http_head& http_exchange::request() const { return on_.head; }
std::string_view http_exchange::request_id() const { return on_.id; }
bool http_exchange::begun() const { return on_.state != http_connection::answer::none; }

task<std::size_t> http_exchange::read_body_some(bytes_span into) { return on_.body_some(into); }

task<bytes> http_exchange::read_body(std::size_t bytes_max) {
  const std::uint64_t declared = on_.head.content_length().value_or(0);
  if (declared > bytes_max) co_return errc::too_large;
  bytes all;
  all.reserve(static_cast<std::size_t>(declared));
  bytes piece(read_bytes);
  while (true) {
    const result<std::size_t> got = co_await on_.body_some(piece);
    if (got.has_error()) co_return got.error();
    if (*got == 0) co_return all;
    if (*got > bytes_max - all.size()) co_return errc::too_large;
    append(all, bytes_view(piece).first(*got));
  }
}

task<void> http_exchange::respond(int status, const codec::http_fields& fields, bytes_view body) {
  return on_.respond(status, fields, body);
}
task<void> http_exchange::begin(int status, const codec::http_fields& fields) {
  return on_.begin(status, fields);
}
task<void> http_exchange::write(bytes_view data) { return on_.write(data); }
task<void> http_exchange::end() { return on_.end(); }
void http_exchange::on_gone(std::function<void()> callback) { on_.gone = std::move(callback); }

}  // namespace tp::net
