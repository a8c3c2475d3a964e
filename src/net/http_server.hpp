// HTTP/1.1 server on any byte_stream: TCP, TLS, a libp2p stream, a pair in memory.
// serve_http reads one request after the other and calls the handler with an http_exchange; the handler
// answers. Each handler runs in a task of its own, which is cancelled when the client goes away or the server
// stops: its operations then fail with cancelled, and it returns. Not for the relay's hot routes (see docs),
// only for everything else. Refused before any handler: malformed, late or oversized heads (400, 408, 431),
// unknown transfer codings (501), other versions (505); answered in OpenAI's error shape. Every answer
// carries X-Request-Id.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "async/byte_stream.hpp"
#include "async/task_scope.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/services.hpp"
#include "codec/http1.hpp"
#include "codec/http_fields.hpp"

namespace tp::net {

using async::task;

struct http_server_settings {
  std::size_t body_bytes_max = limits::http_plain_body_max;  // a longer declared body is refused with 413
  // From a request's first byte to its head's end.
  std::chrono::nanoseconds head_time = limits::http_head_time;
  // Without a request on a kept connection.
  std::chrono::nanoseconds idle_time = limits::http_idle_time;
  // From the head to the end of the body, while it is read.
  std::chrono::nanoseconds body_time = limits::upload_time;
  // A client that takes nothing for so long is cut off.
  std::chrono::nanoseconds write_time = limits::silence_time;
  std::chrono::nanoseconds drain_refused_time = limits::drain_refused_time;
  std::size_t drain_refused_bytes = limits::drain_refused_bytes;
  std::size_t connections_max = limits::http_connections_max;  // http_listener: above it 503 and close
};

struct http_connection;

// One request and its answer. Made by serve_http, valid until the handler returns; used by the handler's task
// only.
class http_exchange {
 public:
  explicit http_exchange(http_connection& on) : on_(on) {}
  http_exchange(const http_exchange&) = delete;
  http_exchange& operator=(const http_exchange&) = delete;

  const codec::http_head& request() const;
  std::string_view request_id() const;

  // The body, without framing. The first read answers "Expect: 100-continue". Errors: too_large (nothing was
  // answered yet: respond with 413), invalid_http, deadline_exceeded, connection_closed (ended early),
  // connection_reset, cancelled. A handler may leave the body unread, or partly read. Answering takes nothing
  // from the body: it may be read on after begin() and respond(). But an answer that begins before the whole
  // body has come says "Connection: close", and no "100 Continue" is sent from then on.
  task<bytes> read_body(std::size_t bytes_max);
  task<std::size_t> read_body_some(bytes_span into);  // 0 = end of body

  // A whole answer with its Content-Length, in one write. To HEAD the body is left out. Content-Length,
  // Connection, Transfer-Encoding and X-Request-Id in `fields` are ours: leave them out. Errors of all five:
  // connection_reset, stalled (write_time), cancelled; and invalid_argument for a second answer.
  task<void> respond(int status, const codec::http_fields& fields, bytes_view body);

  // An answer in pieces: the head now, then each write() as one chunk in one send, then end(). A handler that
  // returns without end(), or fails in between, aborts the connection: never a clean end after an error. With
  // Content-Length in `fields` the body is sent as it is and must have exactly that many bytes.
  task<void> begin(int status, const codec::http_fields& fields);
  task<void> write(bytes_view data);
  task<void> end();
  bool begun() const;

  // Replaces the cancellation of the handler when the client goes away: calls this instead, at most once.
  void on_gone(std::function<void()> callback);

 private:
  http_connection& on_;
};

using http_handler = std::function<asio::awaitable<void>(http_exchange&)>;

// Shared by the connections of one server, to end them in good order: from begin() on, answers say
// "Connection: close" and connections between two requests are closed.
class http_drain {
 public:
  void begin();
  bool begun() const { return begun_; }

  // For the duration of a wait that a drain ends: `wait` is cancelled by begin().
  class idle {
   public:
    idle(http_drain* of, async::task_scope& wait);
    idle(const idle&) = delete;
    idle& operator=(const idle&) = delete;
    ~idle();

   private:
    http_drain* of_;
    std::list<async::task_scope*>::iterator place_;
  };

 private:
  std::list<async::task_scope*> idle_;
  bool begun_ = false;
};

// Serves until the connection ends. The stream, handler, settings, services (and drain) must outlive it.
// `already_read` is what was read from the stream before. Ends when cancelled; the stream is then reset.
asio::awaitable<void> serve_http(async::byte_stream& on, const http_handler& handler,
                                 const http_server_settings& settings, services& with,
                                 http_drain* drain = nullptr, bytes already_read = {});

enum class http_next { another_request, close, upgrade };

// As serve_http, until `wanted` (may be empty) holds for the head of a request: `upgrade`, and `input` begins
// with that head.
asio::awaitable<http_next> serve_http_until(const std::function<bool(const codec::http_head&)>& wanted,
                                            async::byte_stream& on, const http_handler& handler,
                                            const http_server_settings& settings, services& with,
                                            bytes& input, http_drain* drain = nullptr);

// Serves exactly one request, whose head begins in `input` (at least one byte of it); afterwards `input`
// holds what was read beyond it. For a front that handles some routes itself.
asio::awaitable<http_next> serve_http_once(async::byte_stream& on, const http_handler& handler,
                                           const http_server_settings& settings, services& with, bytes& input,
                                           http_drain* drain = nullptr);

// The JSON body of an error answer in OpenAI's shape. Texts are literals of ours: no input reaches them.
std::string http_error_body(int status, literal code, literal message);

// "X-Request-Id" to use for a request: the client's own if it is 1 … 64 characters of [A-Za-z0-9._-], else a
// new one.
std::string new_request_id(services& with);
std::string choose_request_id(const codec::http_head& request, services& with);

}  // namespace tp::net
