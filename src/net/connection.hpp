// A TCP connection, plain or with TLS, as a byte_stream and, for hot paths, through non-blocking calls.
// Owned by the task that serves it; event loop thread only. Plain and TLS look the same to every caller.
// Hot path: wait_readable(), then try_read() into a shared buffer until it says would_block; try_write()
// directly and keep only what it did not take. No timer, no buffer and no second task belong to an idle
// connection. Never throws; a peer that went away never raises a signal.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "async/byte_stream.hpp"
#include "async/deadline.hpp"

namespace tp::net {

using async::task;

class tls_client;
class tls_server;
class tls_session;

enum class io_status : std::uint8_t {
  done,         // `bytes` > 0 were moved
  would_block,  // nothing now: wait_readable() or wait_writable()
  end,          // reading only: the peer's orderly end
  failed        // `error` says why; only reset() is left
};

struct io_outcome {
  io_status status = io_status::would_block;
  errc error = errc::ok;
  std::size_t bytes = 0;
};

class connection final : public async::byte_stream {
 public:
  // Takes over an open socket: non-blocking, TCP_NODELAY.
  explicit connection(asio::ip::tcp::socket socket);
  ~connection() override;

  // TLS on top of what is open. The context must outlive the connection. Call before anything is read or
  // written. Errors: tls_failed, deadline_exceeded, connection_reset, cancelled. `host` is what the
  // certificate must name (and SNI, unless it is an address).
  task<void> start_tls(const tls_server& context, async::deadline until);
  task<void> start_tls(const tls_client& context, std::string_view host, async::deadline until);
  bool is_tls() const noexcept { return tls_ != nullptr; }

  // At most one system call on a plain connection. `into` / `data` not empty.
  io_outcome try_read(bytes_span into) noexcept;
  io_outcome try_write(bytes_view data) noexcept;
  // Errors: cancelled, connection_reset. Readiness can be spurious.
  task<void> wait_readable();
  task<void> wait_writable();
  // wait_readable() without a coroutine frame of its own, for those who wait by the thousand: co_await
  // gives a tuple whose first element is an error_code. Only right after would_block or a draining short
  // read, and never in a cancelled task, where it would not end.
  auto readable() { return socket_.async_wait(read_wants(), async::as_tuple); }
  // Whether a try_read() that did not fill its buffer has emptied the socket, so that the next would only
  // say would_block: true for a plain connection that nobody watches. Waiting then needs no try before it.
  bool short_read_drains() const noexcept { return !tls_ && !watch_; }

  task<std::size_t> read_some(bytes_span into) override;
  task<void> write(bytes_view data) override;
  task<void> close_write() override;
  void reset() noexcept override;
  // A peer that only ends its writing direction counts as gone. While unread bytes wait in the socket only a
  // reset is noticed.
  void on_peer_gone(std::function<void()> callback) override;
  asio::any_io_executor executor() override { return socket_.get_executor(); }

  bool is_open() const noexcept { return socket_.is_open(); }
  asio::ip::tcp::socket::native_handle_type native_handle() { return socket_.native_handle(); }
  // For adapters inside net: gathering writes, and waits with a callback.
  asio::ip::tcp::socket& socket() noexcept { return socket_; }
  bool holds_bytes() const noexcept;  // readable although the socket may not be
  // For rate limits and the loopback rule only; never logged. Unspecified once the peer is gone.
  asio::ip::address remote_address() const;

 private:
  struct watch;
  io_outcome fail(const error_code& error) noexcept;
  task<void> handshake(async::deadline until);
  task<void> wait(asio::ip::tcp::socket::wait_type what);
  task<void> wait_tls_readable();
  void arm_watch(asio::ip::tcp::socket::wait_type what);
  void on_watch(const error_code& error, asio::ip::tcp::socket::wait_type what);
  void rearm_after_drain() noexcept;
  asio::ip::tcp::socket::wait_type read_wants() const noexcept;

  asio::ip::tcp::socket socket_;
  std::unique_ptr<tls_session> tls_;
  std::shared_ptr<watch> watch_;  // made by the first on_peer_gone
};

}  // namespace tp::net
