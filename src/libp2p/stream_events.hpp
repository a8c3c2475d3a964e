// What a stream tells the code that uses it, and the two words every stream function needs.
// Owner: the user of the stream. Called on the session's loop thread, never concurrently. A callback may call
// any function of the session, for this stream too; it may not destroy the session.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tp::p2p {

enum class role : std::uint8_t { dialer, listener };

enum class fin : std::uint8_t { no, yes };  // does our side of the stream end with these bytes?

class stream_events {
 public:
  virtual ~stream_events() = default;

  // Bytes of the peer, after protocol negotiation. Valid during the call only. Each byte is owed back with
  // session::consumed(); what is owed is at most the Yamux window (256 KiB).
  virtual void on_data(bytes_view piece) = 0;

  // The peer will send no more. It may still read: this is half-close, not cancel.
  virtual void on_fin() = 0;

  // The stream is over: reset by the peer (connection_reset), protocol refused (multistream_rejected), or the
  // session ended. The last call; the id is no longer valid.
  virtual void on_reset(errc reason) = 0;

  // More may be written after write() took less than it was given. May come although nothing changed.
  virtual void on_writable() {}
};

}  // namespace tp::p2p
