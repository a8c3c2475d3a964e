#include "net/connection.hpp"

#include <array>
#include <string>
#include <utility>

#include "net/tls.hpp"
#include "net/tls_session.hpp"

namespace tp::net {

using wait_type = asio::ip::tcp::socket::wait_type;

// Shared with the pending waits, which may end after the connection.
struct connection::watch {
  connection* owner = nullptr;
  std::function<void()> callback;
  bool waits_readable = false;
  bool waits_error = false;
};

connection::connection(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

connection::~connection() {
  if (watch_) watch_->owner = nullptr;
}

task<void> connection::start_tls(const tls_server& context, async::deadline until) {
  auto session = tls_session::make(context.native(), tls_role::server, socket_, {});
  if (session.has_error()) co_return session.error();
  tls_ = std::move(*session);
  const result<void> done = co_await handshake(until);
  co_return done;
}

task<void> connection::start_tls(const tls_client& context, std::string_view host, async::deadline until) {
  auto session = tls_session::make(context.native(), tls_role::client, socket_, std::string(host));
  if (session.has_error()) co_return session.error();
  tls_ = std::move(*session);
  const result<void> done = co_await handshake(until);
  co_return done;
}

task<void> connection::handshake(async::deadline until) {
  auto give_up = [this] { reset(); };
  async::deadline_guard guard(socket_.get_executor(), until, give_up);
  while (true) {
    const io_outcome step = tls_->handshake();
    if (step.status == io_status::done) co_return async::success();
    if (step.status == io_status::failed) co_return guard.outcome(result<void>(step.error));
    const result<void> ready = co_await wait(tls_->read_wants());
    if (ready.has_error()) co_return guard.outcome(ready);
  }
}

io_outcome connection::fail(const error_code& error) noexcept {
  if (error == asio::error::would_block || error == asio::error::interrupted) return {io_status::would_block};
  return {io_status::failed, errc::connection_reset};
}

io_outcome connection::try_read(bytes_span into) noexcept {
  io_outcome outcome;
  if (tls_) {
    outcome = socket_.is_open() ? tls_->read(into) : io_outcome{io_status::failed, errc::connection_reset};
  } else {
    error_code error;
    const std::size_t got = socket_.receive(asio::buffer(into.data(), into.size()), 0, error);
    if (!error) return {io_status::done, errc::ok, got};
    outcome = error == asio::error::eof ? io_outcome{io_status::end} : fail(error);
  }
  if (outcome.status == io_status::would_block && watch_) rearm_after_drain();
  return outcome;
}

io_outcome connection::try_write(bytes_view data) noexcept {
  if (tls_)
    return socket_.is_open() ? tls_->write(data) : io_outcome{io_status::failed, errc::connection_reset};
  error_code error;
  const std::size_t sent = socket_.send(asio::buffer(data.data(), data.size()), 0, error);
  if (!error) return {io_status::done, errc::ok, sent};
  return fail(error);
}

task<void> connection::wait(wait_type what) {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (async::is_cancelled(state)) co_return errc::cancelled;
  const auto waited = co_await socket_.async_wait(what, async::as_tuple);
  if (async::is_cancelled(state)) co_return errc::cancelled;
  if (std::get<0>(waited)) co_return errc::connection_reset;
  co_return async::success();
}

// Looks when it runs, not when it is made: a watch may have moved bytes into the session in between.
task<void> connection::wait_tls_readable() {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (async::is_cancelled(state)) co_return errc::cancelled;
  if (holds_bytes()) co_return async::success();
  const result<void> ready = co_await wait(tls_->read_wants());
  co_return ready;
}

task<void> connection::wait_readable() {
  if (tls_) return wait_tls_readable();
  return wait(asio::ip::tcp::socket::wait_read);
}

wait_type connection::read_wants() const noexcept {
  return tls_ ? tls_->read_wants() : asio::socket_base::wait_read;
}

task<void> connection::wait_writable() {
  return wait(tls_ ? tls_->write_wants() : asio::ip::tcp::socket::wait_write);
}

task<std::size_t> connection::read_some(bytes_span into) {
  const auto state = co_await asio::this_coro::cancellation_state;
  while (true) {
    if (async::is_cancelled(state)) co_return errc::cancelled;
    const io_outcome got = try_read(into);
    if (got.status == io_status::done) co_return got.bytes;
    if (got.status == io_status::end) co_return std::size_t{0};
    if (got.status == io_status::failed) co_return got.error;
    const result<void> ready = co_await wait_readable();
    if (ready.has_error()) co_return ready.error();
  }
}

task<void> connection::write(bytes_view data) {
  const auto state = co_await asio::this_coro::cancellation_state;
  while (!data.empty()) {
    if (async::is_cancelled(state)) co_return errc::cancelled;
    const io_outcome sent = try_write(data);
    if (sent.status == io_status::failed || sent.status == io_status::end) co_return errc::connection_reset;
    data = data.subspan(sent.bytes);
    if (sent.status == io_status::done) continue;
    const result<void> ready = co_await wait_writable();
    if (ready.has_error()) co_return ready.error();
  }
  co_return async::success();
}

task<void> connection::close_write() {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (async::is_cancelled(state)) co_return errc::cancelled;
  if (!socket_.is_open()) co_return errc::connection_reset;
  if (tls_) tls_->send_close();
  error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) co_return errc::connection_reset;
  co_return async::success();
}

bool connection::holds_bytes() const noexcept { return tls_ && tls_->holds_bytes(); }

void connection::reset() noexcept {
  if (!socket_.is_open()) return;
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0),
                     ignored);  // the peer must not take this for an orderly end
  socket_.close(ignored);
}

asio::ip::address connection::remote_address() const {
  error_code error;
  const auto endpoint = socket_.remote_endpoint(error);
  return error ? asio::ip::address() : endpoint.address();
}

// While nobody reads, readiness plus a peek tells an end from data. With data waiting the socket stays
// readable, so only errors can be waited for, until somebody has read it all.
void connection::on_peer_gone(std::function<void()> callback) {
  if (!watch_) {
    if (!callback) return;
    watch_ = std::make_shared<watch>();
    watch_->owner = this;
  }
  watch_->callback = std::move(callback);
  if (watch_->callback && !watch_->waits_readable && !watch_->waits_error)
    arm_watch(asio::socket_base::wait_read);
}

void connection::arm_watch(wait_type what) {
  bool& waits = what == asio::socket_base::wait_read ? watch_->waits_readable : watch_->waits_error;
  if (waits) return;
  waits = true;
  socket_.async_wait(what, [held = watch_, what](const error_code& error) {
    (what == asio::socket_base::wait_read ? held->waits_readable : held->waits_error) = false;
    if (held->owner != nullptr && held->callback) held->owner->on_watch(error, what);
  });
}

void connection::on_watch(const error_code& error, wait_type what) {
  if (!socket_.is_open() || error == asio::error::operation_aborted) return;
  io_outcome seen{io_status::failed};
  if (!error && what == asio::socket_base::wait_read) {
    if (tls_) {
      seen = tls_->peek();
    } else {
      error_code peeked;
      std::array<std::uint8_t, 1> byte{};
      socket_.receive(asio::buffer(byte), asio::socket_base::message_peek, peeked);
      seen = peeked ? fail(peeked) : io_outcome{io_status::done};
    }
  }
  if (seen.status == io_status::would_block) return arm_watch(asio::socket_base::wait_read);
  if (seen.status == io_status::done) return arm_watch(asio::socket_base::wait_error);
  const auto callback = std::exchange(watch_->callback, nullptr);
  callback();
}

void connection::rearm_after_drain() noexcept {
  if (watch_->callback && watch_->waits_error && !watch_->waits_readable)
    arm_watch(asio::socket_base::wait_read);
}

}  // namespace tp::net
