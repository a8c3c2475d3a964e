// The inside of a session: the driver that moves bytes between the transport, the Noise ciphers and
// stream_mux. Only session.cpp and session_core.cpp include this. Loop thread. Input: one reader, decrypting
// in place in one buffer. Output: frames gather in pending_; a flush hands them to the writer, which seals
// and sends them as one transport write; meanwhile pending_ gathers the next (HOTPATH rules 1, 4).
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "libp2p/stream_mux.hpp"
#include "libp2p/upgrade.hpp"
#include "link/session.hpp"
#include "link/wake_point.hpp"

namespace tp::link {

// Read at once while the connection is upgraded; bytes after the handshake travel on with p2p::upgraded.
inline constexpr std::size_t handshake_read_bytes = 16'384;

struct session::core {
  core(std::unique_ptr<async::byte_stream> stream, p2p::role as, const crypto::ed25519_key& identity,
       p2p::upgraded made, services& with, session_settings settings);
  core(const core&) = delete;
  core& operator=(const core&) = delete;
  ~core();

  async::task<void> run();
  void close(errc reason);

  // Frames may have been queued: have them sent in this turn of the loop, or later if they can wait.
  enum class urgency { now, may_wait };
  void queued(urgency how = urgency::now);
  void cork() { ++corks_; }
  void uncork();

  std::size_t backlog() const { return pending_.size() + (writing_ ? flying_.size() : 0); }
  // Bytes of streams stop at half of the limit, so that control frames still fit.
  std::size_t room() const;

  const codec::peer_id remote;
  const asio::any_io_executor executor;
  p2p::stream_mux mux;
  bool starved = false;  // a write was cut short by room()
  bool ended = false;

 private:
  async::task<void> read_loop();
  asio::awaitable<void> write_loop();
  result<void> on_read(std::size_t size);
  void flush_read();
  result<void> dispatch(bytes_view plain);
  void flush();
  void after_write();
  void fail(errc reason);
  void end(errc reason);
  void arm_post();
  void arm_delay(steady_time due);
  void arm_close();
  void arm_keep_alive();
  void on_keep_alive();
  steady_time now() const { return std::chrono::steady_clock::now(); }

  std::unique_ptr<async::byte_stream> stream_;
  services& services_;
  const session_settings settings_;
  p2p::noise_sealer sealer_;
  p2p::noise_opener opener_;
  bytes early_;  // decrypted while the connection was upgraded
  std::unique_ptr<std::uint8_t[]>
      input_;  // not value-initialised: pages an idle session never touches cost nothing
  std::size_t input_size_ = 0;

  p2p::frame_buffer pending_;  // mux writes here
  p2p::frame_buffer flying_;   // being written
  wake_point writer_wake_;
  asio::steady_timer delay_;
  asio::steady_timer keep_alive_;
  steady_time last_flush_{};
  steady_time last_read_{};
  unsigned corks_ = 0;
  bool queued_in_cork_ = false;
  bool urgent_in_cork_ = false;
  bool posted_ = false;
  bool delayed_ = false;
  bool flush_due_ = false;
  bool writing_ = false;
  bool stopping_ = false;  // the writer leaves
  bool closing_ = false;   // the writer leaves when it has sent everything
  bool running_ = false;
  errc failed_ = errc::ok;
  // Posted handlers and timers hold a weak reference: they may run after the session is gone.
  std::shared_ptr<core*> self_ = std::make_shared<core*>(this);
};

}  // namespace tp::link
