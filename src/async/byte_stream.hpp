// Two-way bytes: a TCP or TLS connection, a WebSocket, a libp2p stream, or a pair in memory, behind one
// interface. Owned by one task tree through unique_ptr; one reader and one writer at a time. Destroying it
// while an operation is pending is a bug: reset(), let the operations end, then destroy.
#pragma once

#include <functional>

#include "async/task.hpp"
#include "base/bytes.hpp"

namespace tp::async {

class byte_stream {
 public:
  byte_stream() = default;
  byte_stream(const byte_stream&) = delete;
  byte_stream& operator=(const byte_stream&) = delete;
  virtual ~byte_stream() = default;

  // At least one byte into `into` (not empty), or 0 for the peer's orderly end. `into` must stay valid until
  // the end. Errors: cancelled (nothing is lost, reading may go on; a WebSocket can then only be reset),
  // connection_reset, connection_closed, tls_failed, stalled …
  virtual task<std::size_t> read_some(bytes_span into) = 0;

  // All of `data`, which must stay valid until the end. After any error an unknown part was sent: only
  // reset() is left.
  virtual task<void> write(bytes_view data) = 0;

  // Orderly end of this direction; reading goes on. (A WebSocket knows no half: it ends both, waiting a
  // little for the peer.)
  virtual task<void> close_write() = 0;

  // Ends both directions now. Pending and later operations fail with connection_reset. Safe to call at any
  // time.
  virtual void reset() noexcept = 0;

  // Called at most once, from the loop, when the peer resets or (TCP, TLS) closes, its writing direction
  // alone included, while nobody reads. An empty function clears it. The callback may reset() the stream, but
  // not destroy it.
  virtual void on_peer_gone(std::function<void()> callback) = 0;

  virtual asio::any_io_executor executor() = 0;
};

}  // namespace tp::async
