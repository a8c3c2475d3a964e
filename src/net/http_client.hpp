// HTTP/1.1 client: calls on any byte_stream, and a client for one origin with a small pool of kept
// connections. Event loop thread only. Follows no redirects, keeps no cookies, asks for no compression. 1xx
// answers are skipped. One deadline covers a whole call, its body included.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/byte_stream.hpp"
#include "async/deadline.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/services.hpp"
#include "codec/http_fields.hpp"
#include "codec/url.hpp"
#include "net/tls.hpp"

namespace tp::net {

using async::task;

// Whether a request may be sent a second time when nobody knows what became of the first (RFC 9110 section
// 9.2.2): where the method says so (GET, HEAD), or always, because doing it twice harms nobody.
enum class repeat : std::uint8_t { by_method, harmless };

struct http_request {
  std::string method = "GET";
  std::string target = "/";
  codec::http_fields fields;  // Host, Content-Length and Connection are added when absent
  bytes_view body;  // must stay valid until send() or http_call() returned; one write with the head if small
  repeat again = repeat::by_method;
};

class http_call_state;

// An answer whose head has arrived. Destroying it before the body's end closes the connection.
class http_response {
 public:
  explicit http_response(std::unique_ptr<http_call_state> of);
  http_response(const http_response&) = delete;
  http_response& operator=(const http_response&) = delete;
  ~http_response();

  int status() const;
  const codec::http_fields& fields() const;

  // The body, without framing; 0 = its end, which is certain: an early end is connection_closed. Errors:
  // invalid_http, deadline_exceeded, connection_closed, connection_reset, cancelled.
  task<std::size_t> read_some(bytes_span into);
  task<bytes> read_all(std::size_t bytes_max);  // too_large above it; the connection is then closed
  // Closes the connection; a pending read_some fails with connection_reset.
  void abort() noexcept;

 private:
  std::unique_ptr<http_call_state> of_;
};

// After the request: leave the writing direction open (TCP servers take its end for a client that went away),
// or end it (libp2p streams: one request each).
enum class after_request { keep_open, close_write };

// One call on a stream of its own; the stream is closed with the response. `host` for the Host field.
// Errors: invalid_argument (request), invalid_http, too_large (head), deadline_exceeded, connection_closed,
// connection_reset, cancelled.
task<std::unique_ptr<http_response>> http_call(std::unique_ptr<async::byte_stream> on, http_request request,
                                               std::string_view host, async::deadline until,
                                               after_request then = after_request::keep_open);

struct http_client_settings {
  std::size_t idle_connections_max = limits::http_client_idle_max;
  // Below every server's, to lose few races.
  std::chrono::nanoseconds idle_time = limits::http_client_idle_time;
  std::chrono::nanoseconds connect_time = limits::http_connect_time;  // look-up, TCP and TLS together
};

class http_client {
 public:
  // `tls` may be null for http origins; it outlives the client. Responses may outlive the client.
  http_client(const asio::any_io_executor& executor, codec::url origin, const tls_client* tls, services& with,
              const http_client_settings& settings = {});
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;
  ~http_client();

  // Completes when the answer's head has arrived. A kept connection that turns out to be dead before any byte
  // of an answer is replaced once by a new one, if the request may be repeated. Errors: those of dial and
  // http_call.
  task<std::unique_ptr<http_response>> send(http_request request, async::deadline until);

  const codec::url& origin() const { return origin_; }
  std::size_t idle_connections() const;
  // Closes what is kept; calls under way go on.
  void close_idle();

 private:
  struct pool;
  codec::url origin_;
  const tls_client* tls_;
  http_client_settings settings_;
  logger& log_;
  std::shared_ptr<pool> pool_;
};

}  // namespace tp::net
