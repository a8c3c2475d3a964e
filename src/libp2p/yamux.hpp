// Yamux: many streams over one connection, each with its own credit in both directions (hashicorp yamux
// spec.md). A machine without a socket: decrypted bytes in, calls to yamux_events out, frames appended to a
// frame_buffer. Owner: stream_mux. Loop thread. Callbacks may call any function here, also for the stream
// they are about. Refuses: unknown versions and types, bytes beyond the granted window (window_exceeded),
// data after FIN, ids of the wrong parity or already open (yamux_protocol), more than
// limits::yamux_streams_max streams of the peer (reset).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <unordered_map>
#include <vector>

#include "libp2p/frame_buffer.hpp"
#include "libp2p/multistream.hpp"
#include "libp2p/stream_events.hpp"
#include "libp2p/yamux_frame.hpp"

namespace tp::p2p {

// What stream_mux keeps with each stream; Yamux carries it, so that a frame costs one table lookup.
struct stream_slot {
  enum class use : std::uint8_t { proposing, answering, application, echo, probe, discard };
  use now = use::discard;
  bool counted = false;      // among open_streams()
  bool wants_write = false;  // a write took less than it was given
  bool written = false;      // the user has written before
  stream_events* events = nullptr;
  multistream_initiator initiator;
  multistream_listener listener;
  bytes_view answer_due;  // multistream answer that waits for the first bytes of ours
};

struct yamux_stream {
  std::uint32_t id = 0;
  std::uint32_t send_window = limits::yamux_window;     // bytes we may send
  std::uint32_t receive_window = limits::yamux_window;  // bytes the peer may send
  std::uint32_t owed = 0;                               // consumed, not yet given back to the peer
  bool ack_due = false;                                 // our first frame on a stream of the peer says ACK
  bool fin_sent = false;
  bool fin_received = false;
  bool over = false;  // no longer in the table; memory stays until the next input or opening
  stream_slot slot;
};

class yamux_events {
 public:
  virtual void on_stream(yamux_stream& stream) = 0;  // the peer opened it
  virtual void on_data(yamux_stream& stream, bytes_view piece) = 0;
  virtual void on_fin(yamux_stream& stream) = 0;
  virtual void on_reset(yamux_stream& stream, errc reason) = 0;  // by the peer, or end(); not by reset()
  virtual void on_window(yamux_stream& stream) = 0;              // send_window grew
  virtual void on_closed(yamux_stream& stream) = 0;  // leaves the table, for whatever reason; the last
  virtual void on_go_away(std::uint32_t code) = 0;

 protected:
  ~yamux_events() = default;
};

class yamux {
 public:
  // `out` gets the frames; the owner may swap its contents away between calls.
  yamux(role as, frame_buffer& out, yamux_events& events);

  // Decrypted bytes in any pieces. After an error (yamux_protocol, window_exceeded) only end() makes sense.
  result<void> on_bytes(bytes_view input);

  // Data with SYN at once, FIN in a second frame; the parts together must fit the initial window (asserted).
  // too_many.
  result<yamux_stream*> open(std::initializer_list<bytes_view> parts, fin end);
  yamux_stream* find(std::uint32_t id);

  // The parts together must fit send_window (asserted). Nothing to write and no end: nothing is sent.
  void write(yamux_stream& stream, std::initializer_list<bytes_view> parts, fin end);
  void reset(yamux_stream& stream);
  void consumed(yamux_stream& stream, std::size_t size);

  void go_away(yamux_end code);
  // Every stream gets on_reset(reason); bytes that come later are ignored.
  void end(errc reason);

  std::size_t size() const noexcept { return streams_.size(); }
  template <class F>  // F(yamux_stream&), which may change any stream
  void for_each(F call) {
    std::vector<std::uint32_t> ids;
    for (const auto& [id, stream] : streams_) ids.push_back(id);
    ++depth_;
    for (const std::uint32_t id : ids)
      if (yamux_stream* stream = find(id)) call(*stream);
    --depth_;
  }

 private:
  using table = std::unordered_map<std::uint32_t, yamux_stream>;

  result<void> on_header();
  result<void> on_stream_header(yamux_stream* stream);
  result<yamux_stream*> accept();
  result<void> on_window_update(yamux_stream& stream);
  result<void> on_ping();
  void end_of_data();
  bool ours(std::uint32_t id) const { return (id & 1U) == (role_ == role::dialer ? 1U : 0U); }
  void put(yamux_type type, unsigned flags, std::uint32_t id, std::uint32_t length);
  void begin_data(std::uint32_t id, unsigned flags);
  void grow_last(std::size_t size);
  unsigned first_flags(yamux_stream& stream);
  void close_if_over(yamux_stream& stream);
  void forget(yamux_stream& stream);

  const role role_;
  frame_buffer& out_;
  yamux_events& events_;
  table streams_;
  std::size_t inbound_ = 0;
  std::uint32_t next_id_;
  bool ended_ = false;

  // Input: the header being collected, then the payload of the frame being read.
  std::array<std::uint8_t, yamux_header::size> header_bytes_{};
  std::size_t header_size_ = 0;
  yamux_header header_;
  std::uint32_t payload_left_ = 0;
  yamux_stream* reading_ = nullptr;          // nullptr: the payload is nobody's and skipped
  unsigned depth_ = 0;                       // callbacks may be running: ended streams stay in memory
  std::vector<table::node_type> graveyard_;  // streams that ended since the last input or opening

  // Output: the last data frame, as long as nothing follows it; more bytes of its stream join it.
  std::uint32_t last_stream_ = 0;
  std::uint32_t last_length_ = 0;
  std::size_t last_at_ = 0;
};

}  // namespace tp::p2p
