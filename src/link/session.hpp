// A libp2p session between a node and a relay (or a peer): Noise and Yamux over any byte_stream, TCP and
// WebSocket alike. One session carries many streams, one request each (CONTRACT "Link"; HOTPATH rules 1, 2,
// 3, 4, 7, 8). Owner: whoever awaits run(); destroy a session only when run() has returned or was never
// started. Thread: the event loop's. All functions are plain calls that never wait; bytes leave once per loop
// turn. Refuses: peers that break Noise, Yamux or their window; more than limits::link_backlog_bytes_max of
// unsent bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/byte_stream.hpp"
#include "async/deadline.hpp"
#include "async/task.hpp"
#include "base/limits.hpp"
#include "base/services.hpp"
#include "codec/peer_id.hpp"
#include "crypto/ed25519.hpp"
#include "libp2p/stream_events.hpp"

namespace tp::link {

struct meters;

using p2p::fin;
using p2p::role;
using p2p::stream_events;

struct session_settings {
  // A piece that neither begins nor ends a stream may wait this long since the session's last write (HOTPATH
  // rule 8).
  std::chrono::microseconds event_moderation{0};
  std::chrono::milliseconds ping_interval = limits::link_ping_interval;
  std::chrono::milliseconds silence_max = limits::link_silence_max;
  std::string agent = "token.place";  // told in identify
  meters* count = nullptr;            // if any, outlives the session
};

class session {
 public:
  // Called for each stream the peer opens with the protocol. Returns who hears of its events (must live until
  // on_reset, or until both sides have finished, or until reset()), or nullptr to refuse: the stream is
  // reset. Bytes that came with the opening follow at once, after the function has returned; only then may it
  // be written to.
  using stream_handler = std::function<stream_events*(std::uint32_t id)>;

  // Negotiates /noise, proves `identity`, checks the peer's, negotiates Yamux. `expected`: refuse any other
  // peer. `identity` and `with` must outlive the call (`with`: the session). Errors: multistream_rejected,
  // noise_failed, peer_id_mismatch, deadline_exceeded, those of the stream. On error or cancellation the byte
  // stream is reset.
  static async::task<std::unique_ptr<session>> handshake(std::unique_ptr<async::byte_stream> stream, role as,
                                                         const crypto::ed25519_key& identity,
                                                         std::optional<codec::peer_id> expected,
                                                         services& with, async::deadline until,
                                                         session_settings settings = {});
  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  // The peer's proven identity.
  const codec::peer_id& remote() const;
  asio::any_io_executor executor() const;

  // Serves the session until it ends; call once. Ok: closed by either side in order. Errors: noise_failed,
  // yamux_protocol, window_exceeded, stalled (silent too long), too_large (backlog), cancelled, those of the
  // stream. When it returns every stream has had its on_reset and the byte stream is reset. Cancellation ends
  // it cleanly.
  async::task<void> run();

  // Ends the session: what is queued is sent, then run() returns. Streams get on_reset(reason) from within
  // this call.
  void close(errc reason = errc::shutting_down);
  bool ended() const;

  // Opens a stream: negotiation, `first`, `second` and the end leave together (rule 3), without waiting for
  // the answer. No more than open_bytes_max together. Errors: too_large, too_many (streams), node_busy
  // (backlog), connection_closed. A peer that lacks the protocol: on_reset(multistream_rejected).
  result<std::uint32_t> open(std::string_view protocol, bytes_view first, bytes_view second, fin end,
                             stream_events& events);
  static constexpr std::size_t open_bytes_max = limits::yamux_window - limits::multistream_message_max;

  // Bytes taken: all of `data`, or less when the peer's window or the backlog is full; then on_writable()
  // follows when there is room again. 0 for a stream that is over.
  std::size_t write(std::uint32_t id, bytes_view data);
  std::size_t send_window(std::uint32_t id) const;  // what write() would take now at most
  void finish(std::uint32_t id);                    // half-close; reading goes on
  void reset(std::uint32_t id);                     // abort both directions; no callback follows
  // This side needs no more of the stream: no callback follows. It ends in peace if both sides have finished
  // or the peer's end still comes; any more data of the peer resets it. Call finish() first.
  void abandon(std::uint32_t id);
  void consumed(std::uint32_t id, std::size_t size);  // gives the peer its window back (in halves)

  // Streams of ours and of the peer's, without ping and identify.
  std::size_t open_streams() const;

  // Serves `protocol` to the peer. Set before run(), or at least before the peer asks.
  void handle(std::string protocol, stream_handler handler);

  // For users of the session that may outlive it: empty once it is destroyed.
  std::weak_ptr<session*> weak() const { return self_; }

  // While one lives, frames are only queued. When the last goes they leave at once if the session is quiet
  // (rule 2), else with everything else of this loop turn. Use it in handlers on the hot path that write more
  // than once.
  class batch {
   public:
    explicit batch(session& of);
    ~batch();
    batch(const batch&) = delete;
    batch& operator=(const batch&) = delete;

   private:
    session& of_;
  };

 private:
  struct core;
  explicit session(std::unique_ptr<core> made);
  std::unique_ptr<core> core_;
  std::shared_ptr<session*> self_ = std::make_shared<session*>(this);
};

}  // namespace tp::link
