#include "net/http_call.hpp"

#include <algorithm>

#include "async/task_scope.hpp"
#include "base/secret.hpp"

namespace tp::net {

namespace {

constexpr std::size_t read_bytes = 16'384;

bool has_body_by_nature(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

http_call_state::http_call_state(std::unique_ptr<async::byte_stream> on, async::deadline until,
                                 after_request then)
    : stream_(std::move(on)), then_(then) {
  guard_.emplace(stream_->executor(), until, [stream = stream_.get()] { stream->reset(); });
}

http_call_state::~http_call_state() {
  if (stream_ && !finished_) stream_->reset();  // the server must learn at once that nobody listens
}

result<bytes> http_call_state::head_of(const http_request& request, std::string_view host) const {
  codec::http_fields fields;
  const bool host_given = request.fields.find("host").has_value();
  result<void> added = host_given ? result<void>{} : fields.add("Host", host);
  for (std::size_t i = 0; i < request.fields.size() && added.has_value(); ++i) {
    added = fields.add(request.fields[i].name, request.fields[i].value);
  }
  if (added.has_error()) return added.error();
  if (!request.body.empty() || has_body_by_nature(request.method)) {
    added = fields.set("Content-Length", std::to_string(request.body.size()));
  }
  const bool only_call = !give_back_ && then_ == after_request::keep_open;
  if (added.has_value() && only_call) added = fields.set("Connection", "close");
  if (added.has_error()) return added.error();
  bytes out;
  const result<void> written = codec::write_request_head(out, request.method, request.target, fields);
  if (written.has_error()) return written.error();
  return out;
}

task<void> http_call_state::start(http_request request, std::string host) {
  result<bytes> head = head_of(request, host);
  if (head.has_error()) co_return head.error();
  if (request.body.size() > limits::http_merge_bytes_max) {
    const result<void> done = co_await write_while_reading(*head, request.body, request.method);
    co_return outcome(done);
  }
  append(*head, request.body);
  const result<void> written = co_await write_all(*head, {});
  wipe(head->data(), head->size());
  if (written.has_error() && to_errc(written.error()) == errc::cancelled) co_return written;
  // A server may answer and close before it has read everything: the answer counts.
  const result<void> answered = co_await read_answer_head(request.method);
  co_return outcome(answered);
}

task<void> http_call_state::write_all(bytes_view head, bytes_view body) {
  result<void> written = co_await stream_->write(head);
  if (written.has_error()) co_return written;
  if (!body.empty()) written = co_await stream_->write(body);
  if (written.has_error()) co_return written;
  write_ended_ = true;
  if (then_ == after_request::close_write) written = co_await stream_->close_write();
  co_return written;
}

asio::awaitable<void> http_call_state::write_parts(http_call_state* self, bytes_view head, bytes_view body,
                                                   result<void>* outcome) {
  *outcome = co_await self->write_all(head, body);
}

// A long upload: an early answer (413, 401 …) must be seen although the server no longer reads.
task<void> http_call_state::write_while_reading(bytes_view head, bytes_view body, std::string_view method) {
  const auto executor = co_await asio::this_coro::executor;
  async::task_scope writing(executor);
  result<void> written;
  writing.spawn(write_parts, this, head, body, &written);
  const result<void> answered = co_await read_answer_head(method);
  writing.cancel();
  co_await writing.join();
  co_return answered;
}

task<std::size_t> http_call_state::refill() {
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(input_at_));
  input_at_ = 0;
  const std::size_t before = input_.size();
  input_.resize(before + read_bytes);
  const result<std::size_t> got = co_await stream_->read_some(bytes_span(input_).subspan(before));
  input_.resize(before + (got.has_value() ? *got : 0));
  if (got.has_value() && *got > 0) answered_ = true;
  co_return got;
}

task<void> http_call_state::read_answer_head(std::string_view method) {
  while (true) {
    const result<head_progress> progress = take_head(method);
    if (progress.has_error()) co_return progress.error();
    if (*progress == head_progress::complete) co_return async::success();
    const result<std::size_t> got = co_await refill();
    if (got.has_error()) co_return got.error();
    if (*got == 0) co_return errc::connection_closed;
  }
}

result<http_call_state::head_progress> http_call_state::take_head(std::string_view method) {
  const auto head = std::make_unique<codec::http_head>();
  while (!unread().empty()) {
    const auto size = codec::parse_response_head(as_chars(unread()), *head);
    if (size.has_error()) return size.error();
    if (*size == 0) return head_progress::more_needed;
    input_at_ += *size;
    if (head->status() == 101) return errc::invalid_http;
    if (head->status() < 200) {
      if (++informational_ > limits::bhttp_informational_max) return errc::too_many;
      continue;
    }
    const auto framing = codec::response_framing(*head, method);
    if (framing.has_error()) return framing.error();
    body_ = codec::body_decoder(*framing);
    keep_alive_ = head->keep_alive() && framing->how != codec::body_framing::kind::until_close;
    status_ = head->status();
    for (const codec::http_field& one : head->fields()) {
      const result<void> added = fields_.add(one.name, one.value);
      if (added.has_error()) return errc::invalid_http;
    }
    return head_progress::complete;
  }
  return head_progress::more_needed;
}

task<std::size_t> http_call_state::read_some(bytes_span into) {
  if (!stream_ && !body_.done()) co_return errc::connection_reset;
  while (!body_.done()) {
    if (unread().empty()) {
      const result<std::size_t> got = co_await refill();
      if (got.has_error()) co_return outcome(got);
      if (*got == 0) {
        const result<void> ended = body_.on_end();
        if (ended.has_error()) co_return ended.error();
        break;
      }
    }
    const bytes_view now = unread().first(std::min(unread().size(), into.size()));
    const auto step = body_.next(now);
    if (step.has_error()) co_return step.error();
    input_at_ += step->consumed;
    if (step->piece.empty()) continue;
    std::copy(step->piece.begin(), step->piece.end(), into.begin());
    co_return step->piece.size();
  }
  if (!finished_) co_await finish();
  co_return std::size_t{0};
}

// The whole answer has been read: the stream goes back to its pool, or ends in good order.
task<void> http_call_state::finish() {
  finished_ = true;
  const bool reusable = keep_alive_ && write_ended_ && unread().empty() && !guard_->expired();
  guard_.reset();
  if (give_back_ && reusable) {
    give_back_(std::move(stream_));
    co_return async::success();
  }
  if (then_ == after_request::keep_open) co_await stream_->close_write();
  co_return async::success();
}

void http_call_state::abort() noexcept {
  if (stream_) stream_->reset();
}

http_response::http_response(std::unique_ptr<http_call_state> of) : of_(std::move(of)) {}
http_response::~http_response() = default;

int http_response::status() const { return of_->status(); }
const codec::http_fields& http_response::fields() const { return of_->fields(); }
task<std::size_t> http_response::read_some(bytes_span into) { return of_->read_some(into); }
void http_response::abort() noexcept { of_->abort(); }

task<bytes> http_response::read_all(std::size_t bytes_max) {
  bytes all;
  bytes piece(read_bytes);
  while (true) {
    const result<std::size_t> got = co_await of_->read_some(piece);
    if (got.has_error()) co_return got.error();
    if (*got == 0) co_return all;
    if (*got > bytes_max - all.size()) {
      of_->abort();
      co_return errc::too_large;
    }
    append(all, bytes_view(piece).first(*got));
  }
}

task<std::unique_ptr<http_response>> http_call(std::unique_ptr<async::byte_stream> on, http_request request,
                                               std::string_view host, async::deadline until,
                                               after_request then) {
  auto call = std::make_unique<http_call_state>(std::move(on), until, then);
  const result<void> started = co_await call->start(std::move(request), std::string(host));
  if (started.has_error()) co_return started.error();
  co_return std::make_unique<http_response>(std::move(call));
}

}  // namespace tp::net
