#include "relay/front.hpp"

#include "async/task_scope.hpp"
#include "base/limits.hpp"
#include "net/websocket.hpp"
#include "relay/node_link.hpp"
#include "relay/prefixed_stream.hpp"
#include "relay/routes.hpp"

namespace tp::relay {

namespace {

constexpr std::uint8_t multistream_first_byte =
    0x13;  // the length of "/multistream/1.0.0\n"; no HTTP method begins so

}  // namespace

front::front(context& shared, std::unique_ptr<net::connection> socket)
    : shared_(shared),
      socket_(std::move(socket)),
      exchange_(shared, *this),
      place_(shared.fronts.insert(shared.fronts.end(), this)),
      since_(shared.now()) {
  shared_.count.connections.add(1);
}

front::~front() {
  shared_.fronts.erase(place_);
  shared_.count.unsent.add(-static_cast<std::int64_t>(unsent_.size()));
  shared_.count.connections.add(-1);
}

// One coroutine frame for the whole life of the connection: an idle one owns only this and the wait itself.
asio::awaitable<void> front::run() {
  const auto state = co_await asio::this_coro::cancellation_state;
  next then = next::read;
  while (goes_on(then)) {
    if (async::is_cancelled(state)) {
      then = next::close;
    } else if (then == next::read) {
      then = read_once();
    } else if (then == next::wait) {
      const auto waited = co_await socket_->readable();
      then = std::get<0>(waited) ? next::close : next::read;
    } else if (then == next::pause) {
      watch_for_end();
      const auto woken = co_await resumed_->wait();
      socket_->on_peer_gone({});
      then = woken && socket_->is_open() ? next::read : next::close;
    } else {
      co_await serve_cold();
      then = closing_ ? next::close : input_.empty() ? next::read : on_head_bytes();
    }
  }
  exchange_.cancel(shared_.draining ? outcome::drained : outcome::client_gone);
  if (then == next::websocket || then == next::libp2p) co_await become_link(then);
  if (socket_) socket_->reset();
  while (writing_) {
    // The writer has been told by the reset; a cancelled wait would return at once, so this takes turns
    // instead.
    const asio::any_io_executor loop = co_await asio::this_coro::executor;
    co_await asio::post(loop, asio::deferred);
  }
}

// Whether nothing more may be read for now. A client that does not read its answers gets no further ones:
// else pipelined requests would make this side hold any number of them.
bool front::must_wait() const {
  if (exchange_.upload_blocked()) return true;
  if (exchange_.active()) return !exchange_.uploading() && !input_.empty();
  return !dropping_ && has_unsent();
}

// One read, or what to wait for before the next.
front::next front::read_once() {
  if (must_wait()) {
    if (!resumed_) resumed_ = std::make_unique<async::event>(socket_->executor());
    return next::pause;
  }
  while (has_pipelined()) {  // waited behind the request before
    const std::size_t before = input_.size();
    const next pipelined = on_head_bytes();
    if (pipelined != next::read || must_wait()) return pipelined;
    if (input_.size() == before) break;  // an incomplete head
  }
  const net::io_outcome got = socket_->try_read(shared_.read_buffer);
  if (got.status == net::io_status::would_block) return next::wait;
  if (got.status != net::io_status::done) return next::close;
  const next then = on_bytes(bytes_view(shared_.read_buffer).first(got.bytes));
  const bool drained = got.bytes < shared_.read_buffer.size() && socket_->short_read_drains();
  return then == next::read && drained && !must_wait() && !has_pipelined() ? next::wait : then;
}

front::next front::on_bytes(bytes_view data) {
  if (dropping_) return drop(data.size());
  if (exchange_.uploading()) {
    const auto used = exchange_.upload(data);
    if (!used) {
      keep_alive_ = false;
      refuse(rest_of_upload::to_drop, openai::error_answer(used.error()));
      return next::read;
    }
    data = data.subspan(*used);
  }
  if (data.empty()) return next::read;
  if (!exchange_.active() && input_.empty()) since_ = shared_.now();
  append(input_, data);
  if (exchange_.active())
    return input_.size() <= limits::http_head_bytes_max + data.size() ? next::read : next::close;
  return on_head_bytes();
}

// input_ begins with a request's head, perhaps incomplete.
front::next front::on_head_bytes() {
  if (input_.front() == multistream_first_byte) return next::libp2p;
  const auto size = codec::parse_request_head(as_chars(input_), shared_.request_head);
  if (size && *size == 0) return next::read;
  if (!size) return next::cold;  // malformed: the cold side words the refusal
  const codec::http_head& head = shared_.request_head;
  if (is_upgrade(head)) return next::websocket;
  if (!is_sealed_route(head)) return next::cold;
  return on_sealed_request(head, *size);
}

// E2EE section 8, steps 3 to 7.
front::next front::on_sealed_request(const codec::http_head& head, std::size_t head_size) {
  request_id_ = net::choose_request_id(head, shared_.with);
  keep_alive_ = head.keep_alive() && !shared_.draining;
  if (head.minor_version() == 0) {  // an answer in chunks cannot be told to it
    return refuse_request(head, head_size, openai::error_answer(openai::refusal::upgrade_required));
  }
  const auto form = e2ee::request_form(head.find("content-type").value_or(""));
  if (!form)
    return refuse_request(head, head_size, openai::error_answer(openai::refusal::unsupported_media_type));
  const auto link = shared_.links.find(peer_of_sealed_route(head));
  if (link == shared_.links.end())
    return refuse_request(head, head_size, openai::error_answer(errc::node_not_found));
  const auto framing = codec::request_framing(head);
  if (!framing) return next::cold;
  if (framing->length > limits::request_bytes_max) {
    return refuse_request(head, head_size, openai::error_answer(openai::refusal::body_too_large));
  }
  if (shared_.draining) return refuse_request(head, head_size, openai::error_answer(errc::shutting_down));
  if (!link->second->has_slot())
    return refuse_request(head, head_size, openai::error_answer(errc::node_busy));

  const bool expects = head.has_token("expect", "100-continue");
  const bytes_view body = bytes_view(input_).subspan(head_size);
  const auto used = exchange_.start(*link->second, *form, *framing, body);
  if (!used) return refuse_request(head, head_size, openai::error_answer(used.error()));
  if (expects && exchange_.uploading() && body.empty()) send(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(head_size + *used));
  if (input_.empty()) bytes().swap(input_);  // an open stream keeps no buffer
  return next::read;
}

// A refusal before anything was forwarded. A body that is already here whole is stepped over and the
// connection kept.
front::next front::refuse_request(const codec::http_head& head, std::size_t head_size,
                                  const openai::api_error& error) {
  shared_.count.of(outcome::refused).add();
  const std::size_t here = input_.size() - head_size;
  const bool whole = !head.chunked() && head.content_length().value_or(0) <= here;
  if (whole) {
    const std::size_t used = head_size + static_cast<std::size_t>(head.content_length().value_or(0));
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(used));
    refuse(rest_of_upload::none, error);
    if (input_.empty()) bytes().swap(input_);
    return next::read;
  }
  bytes().swap(input_);
  refuse(rest_of_upload::to_drop, error);
  return next::read;
}

front::next front::drop(std::size_t size) {
  dropped_ += static_cast<std::uint32_t>(size);
  return dropped_ <= limits::drain_refused_bytes ? next::read : next::close;
}

void front::refuse(rest_of_upload rest, const openai::api_error& error) {
  std::string extra;
  if (error.retry_after) extra = "Retry-After: " + std::to_string(error.retry_after->count()) + "\r\n";
  const std::string body = openai::to_text(error);
  answer(rest, error.status, openai::content_type(error), as_bytes(body), extra);
}

void front::answer(rest_of_upload rest, int status, std::string_view type, bytes_view body,
                   std::string_view extra_fields) {
  if (rest == rest_of_upload::to_drop) keep_alive_ = false;
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out.append(codec::reason_phrase(status)).append("\r\nContent-Type: ").append(type);
  out.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  out.append("\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n");
  out.append("Access-Control-Expose-Headers: retry-after, x-request-id\r\nX-Request-Id: ")
      .append(request_id_);
  out.append("\r\n").append(extra_fields);
  if (!keep_alive_) out.append("Connection: close\r\n");
  out.append("\r\n").append(as_chars(body));
  send(as_bytes(out));
  exchange_over(rest);
}

void front::exchange_over(rest_of_upload rest) {
  since_ = shared_.now();
  if (rest == rest_of_upload::to_drop || !keep_alive_) {
    dropping_ = true;  // read on for a moment, so that the answer is not lost in a reset
    dropped_ = 0;
    closing_ = true;
    if (!writing_) start_writer();  // ends our direction once everything is sent
  }
  resume_reading();
}

void front::resume_reading() {
  if (resumed_) resumed_->notify();
}

// While nothing may be read, a client that leaves would go unnoticed, and its node work on.
void front::watch_for_end() {
  socket_->on_peer_gone([this] { abort(); });
}

void front::abort() noexcept {
  if (socket_) socket_->reset();
  resume_reading();
}

void front::send(bytes_view data) {
  std::size_t sent = 0;
  if (unsent_.empty()) {
    const net::io_outcome done = socket_->try_write(data);
    if (done.status == net::io_status::failed) return abort();
    sent = done.status == net::io_status::done ? done.bytes : 0;
  }
  if (sent == data.size()) return;
  append(unsent_, data.subspan(sent));
  shared_.count.unsent.add(static_cast<std::int64_t>(data.size() - sent));
  if (writing_) return;
  since_ = shared_.now();
  start_writer();
}

void front::start_writer() {
  writing_ = true;
  const bool started = shared_.tasks.spawn([](front* self) { return self->drain_unsent(); }, this);
  if (!started) {
    writing_ = false;
    abort();
  }
}

// The client's socket was full: goes on when it can, and lets the node send more when all has gone.
asio::awaitable<void> front::drain_unsent() {
  std::size_t sent = 0;
  while (sent < unsent_.size()) {
    const auto ready = co_await socket_->wait_writable();
    if (!ready) break;
    const net::io_outcome done = socket_->try_write(bytes_view(unsent_).subspan(sent));
    if (done.status == net::io_status::failed) break;
    if (done.status == net::io_status::done) {
      sent += done.bytes;
      since_ = shared_.now();
    }
  }
  const bool all = sent == unsent_.size();
  shared_.count.unsent.add(-static_cast<std::int64_t>(unsent_.size()));
  bytes().swap(unsent_);
  if (all && closing_) {
    const auto ended =
        co_await socket_->close_write();  // the client need not wait for our last look at its bytes
    static_cast<void>(ended);
  }
  writing_ = false;
  if (all) {
    exchange_.client_took_all();
  } else {
    abort();
  }
  resume_reading();
}

asio::awaitable<void> front::serve_cold() {
  while (has_unsent()) {  // a pipelined request waits until the answer before it is out
    if (!resumed_) resumed_ = std::make_unique<async::event>(socket_->executor());
    const auto woken = co_await resumed_->wait();
    closing_ = !woken || !socket_->is_open();
    if (closing_) co_return;
  }
  cold_ = true;
  const net::http_next then = co_await net::serve_http_once(*socket_, shared_.cold, shared_.cold_settings,
                                                            shared_.with, input_, &shared_.drain);
  cold_ = false;
  since_ = shared_.now();
  if (then == net::http_next::close) closing_ = true;
}

asio::awaitable<void> front::become_link(next how) {
  std::unique_ptr<async::byte_stream> stream;
  const async::deadline until = async::deadline::after(limits::link_handshake_time);
  if (how == next::websocket) {
    auto accepted = co_await net::accept_websocket(std::move(socket_), std::move(input_), until);
    if (!accepted) co_return;
    stream = std::move(*accepted);
  } else {
    stream = std::make_unique<prefixed_stream>(std::move(socket_), std::move(input_));
  }
  cold_ = true;  // from here on the session keeps its own time
  co_await serve_link(shared_, std::move(stream), until);
}

void front::check(steady_time now) {
  if (cold_ || !socket_) return;
  const times& time = shared_.config.time;
  if (!unsent_.empty() && now - since_ > time.silence) return abort();
  if (const auto late = exchange_.overdue(now)) {
    const bool head_sent = exchange_.head_sent();
    const bool uploading = exchange_.upload_open();
    exchange_.cancel(outcome::timed_out);
    if (head_sent) return abort();
    const auto error =
        uploading ? openai::error_answer(openai::refusal::request_timeout) : openai::error_answer(*late);
    return refuse(uploading ? rest_of_upload::to_drop : rest_of_upload::none, error);
  }
  if (exchange_.active()) return;
  if (dropping_ || closing_) {
    if (now - since_ > limits::drain_refused_time && unsent_.empty()) abort();
    return;
  }
  if (has_unsent()) return;  // a request that waits behind its answer; see silence above
  if (input_.empty()) {
    if (now - since_ > time.idle) abort();
  } else if (now - since_ > time.head) {
    bytes().swap(input_);
    request_id_ = net::new_request_id(shared_.with);
    refuse(rest_of_upload::to_drop, openai::error_answer(openai::refusal::request_timeout));
  }
}

void front::close_if_idle() {
  if (!cold_ && waits_for_head() && input_.empty() && unsent_.empty()) abort();
}

}  // namespace tp::relay
