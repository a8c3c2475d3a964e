// A byte_stream over one stream of a session: HTTP is spoken on it as on a socket.
// Owner: its user; it may outlive the session (operations then fail with connection_reset). Destroying it
// resets a stream that is not over. Thread: the event loop's; one reader and one writer at a time. Bound:
// what the peer sent and nobody read is at most the Yamux window; credit is given back only when it is read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "async/byte_stream.hpp"
#include "async/event.hpp"
#include "async/task.hpp"
#include "link/session.hpp"

namespace tp::link {

inline constexpr std::string_view http_protocol = "/http/1.1";

class stream final : public async::byte_stream, public stream_events {
 public:
  // A stream the peer opened: make it inside a session::stream_handler and return it from there.
  stream(session& of, std::uint32_t id);
  // A stream of ours; it is opened with the first bytes written, in one frame with them.
  stream(session& of, std::string protocol);
  ~stream() override;

  async::task<std::size_t> read_some(bytes_span out) override;  // 0 = the peer finished
  async::task<void> write(bytes_view data) override;            // returns when the window took everything
  async::task<void> close_write() override;                     // half-close
  void reset() noexcept override;
  // The peer reset the stream or the session ended. A half-close is not "gone": the peer may wait for our
  // answer.
  void on_peer_gone(std::function<void()> gone) override;
  asio::any_io_executor executor() override;

 private:
  void on_data(bytes_view piece) override;
  void on_fin() override;
  void on_reset(errc reason) override;
  void on_writable() override;
  session* owner() const;
  result<std::size_t> send(bytes_view data, fin end);
  void over(errc reason);

  std::weak_ptr<session*> session_;
  asio::any_io_executor executor_;
  std::string protocol_;  // of a stream not yet opened, else empty
  std::uint32_t id_ = 0;  // 0 = not yet opened, or over
  bytes received_;
  std::size_t read_ = 0;  // how much of received_ was handed out
  bool fin_received_ = false;
  bool fin_sent_ = false;
  errc failed_ = errc::ok;
  async::event readable_;
  async::event writable_;
  std::function<void()> gone_;
};

// A stream for one HTTP request to the peer. Errors: connection_closed when the session has ended.
async::task<std::unique_ptr<async::byte_stream>> open_http(session& of);

}  // namespace tp::link
