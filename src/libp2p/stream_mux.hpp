// Many protocol streams on one authenticated connection: Yamux, multistream-select on each stream, ping and
// identify. A machine without a socket: decrypted bytes in, calls to stream_events out, plaintext frames into
// a frame_buffer. Owner: link::session. Loop thread. Callbacks may call any function here but on_bytes(). A
// stream of ours negotiates optimistically: header, protocol and first bytes leave in one frame (HOTPATH rule
// 3). Our answer to such a peer waits for our first bytes; a peer that waits for the answer gets it at once.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "libp2p/identify.hpp"
#include "libp2p/yamux.hpp"

namespace tp::p2p {

class stream_mux final : private yamux_events {
 public:
  using stream_handler = std::function<stream_events*(std::uint32_t id)>;

  // `about_us` is told in identify; its protocols are those of handle(). `out` must outlive the machine.
  stream_mux(role as, identify_message about_us, frame_buffer& out, random_source& random);

  void handle(std::string protocol, stream_handler handler);

  // Decrypted bytes. yamux_protocol, window_exceeded: a go-away frame is queued; call end() next.
  result<void> on_bytes(bytes_view input);
  bool peer_said_go_away() const noexcept { return go_away_received_; }
  bool peer_reported_error() const noexcept { return peer_error_; }

  // See link::session for these; `room` bounds what may be queued besides the stream's window.
  result<std::uint32_t> open(std::string_view protocol, bytes_view first, bytes_view second, fin end,
                             stream_events& events);
  std::size_t write(std::uint32_t id, bytes_view data, std::size_t room);
  std::size_t send_window(std::uint32_t id);
  bool has_written(std::uint32_t id);  // is the next write the stream's first flight?
  void finish(std::uint32_t id);
  void reset(std::uint32_t id);
  void abandon(std::uint32_t id);
  void consumed(std::uint32_t id, std::size_t size);
  void relieve();  // on_writable() for streams whose write was cut short and that have window

  // Opens a ping stream, unless the last one has not been answered yet.
  void ping();
  void go_away() { yamux_.go_away(yamux_end::normal); }
  void end(errc reason);

  std::size_t open_streams() const noexcept { return open_; }
  // At most two streams lately: there is nothing to coalesce with (HOTPATH rule 2).
  bool quiet() const noexcept { return peak_ <= 2 * peak_unit; }

 private:
  struct protocol {
    std::string name;
    bytes proposal;
    stream_handler handler;
  };
  static constexpr std::size_t peak_unit =
      20;  // each opening lets the remembered maximum sink by 1/20 stream

  void on_stream(yamux_stream& stream) override;
  void on_data(yamux_stream& stream, bytes_view piece) override;
  void on_fin(yamux_stream& stream) override;
  void on_reset(yamux_stream& stream, errc reason) override;
  void on_window(yamux_stream& stream) override;
  void on_closed(yamux_stream& stream) override;
  void on_go_away(std::uint32_t code) override;

  void on_proposals(yamux_stream& stream, bytes_view piece);
  void on_answer(yamux_stream& stream, bytes_view piece);
  void accept(yamux_stream& stream, std::size_t index);
  void send_identify(yamux_stream& stream);
  void echo(yamux_stream& stream, bytes_view piece);
  void refuse(yamux_stream& stream);
  void count(yamux_stream& stream, stream_events& events);
  void write_with_answer(yamux_stream& stream, bytes_view data, fin end);
  std::size_t window(const yamux_stream& stream) const;
  bytes_view proposal_of(std::string_view name);

  identify_message about_us_;
  random_source& random_;
  std::vector<std::string> offered_;  // names, in the order of handlers_
  std::deque<protocol> handlers_;
  std::deque<protocol> proposed_;  // what we have opened streams for, each once; few, because we name them
  bytes scratch_;
  yamux yamux_;
  std::size_t open_ = 0;
  std::size_t peak_ = 0;
  std::size_t echoes_ = 0;
  std::size_t answers_due_ = 0;
  std::uint32_t probe_ = 0;  // ping stream of ours that waits for its answer
  std::size_t probe_received_ = 0;
  bool go_away_received_ = false;
  bool peer_error_ = false;
};

}  // namespace tp::p2p
