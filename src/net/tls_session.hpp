// One TLS connection's state on a non-blocking socket: OpenSSL behind try-style calls. Used by connection
// only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "net/connection.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace tp::net {

enum class tls_role { server, client };

class tls_session {
 public:
  // The socket must outlive the session. `host` is used by clients only. Errors: tls_failed.
  static result<std::unique_ptr<tls_session>> make(ssl_ctx_st* context, tls_role role,
                                                   asio::ip::tcp::socket& socket, const std::string& host);
  ~tls_session();
  tls_session(const tls_session&) = delete;
  tls_session& operator=(const tls_session&) = delete;

  // done: the handshake is complete.
  io_outcome handshake() noexcept;
  io_outcome read(bytes_span into) noexcept;
  io_outcome write(bytes_view data) noexcept;
  // Looks whether something can be read, without taking it.
  io_outcome peek() noexcept;
  // Sends close_notify, as far as the socket takes it.
  void send_close() noexcept;

  // Decrypted or buffered bytes wait inside, so the socket need not become readable.
  bool holds_bytes() const noexcept;
  // What the last read (or handshake), respectively write, that would have blocked waits for.
  using wait_type = asio::ip::tcp::socket::wait_type;
  wait_type read_wants() const noexcept { return read_wants_; }
  wait_type write_wants() const noexcept { return write_wants_; }

 private:
  explicit tls_session(asio::ip::tcp::socket& socket) : socket_(socket) {}
  friend struct socket_bio;
  io_outcome outcome(int returned, std::size_t moved, wait_type& wants) noexcept;

  asio::ip::tcp::socket& socket_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_{nullptr, nullptr};
  error_code socket_error_;
  wait_type read_wants_ = asio::ip::tcp::socket::wait_read;
  wait_type write_wants_ = asio::ip::tcp::socket::wait_write;
  bool socket_ended_ = false;
  bool read_blocked_ = false;
};

}  // namespace tp::net
