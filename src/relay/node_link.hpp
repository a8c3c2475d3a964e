// A libp2p session that somebody dialled to this relay (CONTRACT "Link"). It is anybody's until a PUT of a
// valid record makes it a node's link; then sealed exchanges open streams on it. Owned by the coroutine of
// serve_link; event loop thread only. Refuses every request but the three of CONTRACT, more than
// limits::link_control_streams_max of them at once, load reports in a flood, and records of any peer but the
// session's own. Without a valid record it ends after times::link_register, and is counted by the gate.
#pragma once

#include <memory>
#include <utility>

#include "link/session.hpp"
#include "link/stream.hpp"
#include "relay/context.hpp"

namespace tp::relay {

class node_link {
 public:
  node_link(context& shared, std::unique_ptr<link::session> session, link_gate::place place);
  ~node_link();
  node_link(const node_link&) = delete;
  node_link& operator=(const node_link&) = delete;

  // Ends a session that is no node's for too long; called by the sweep.
  void check(steady_time now);
  // The record is over: the directory has dropped it, and a new one may follow.
  void on_expired();

  // Serves the session until it ends.
  asio::awaitable<void> run();

  link::session& session() { return *session_; }
  // Room for one more exchange: what the node says it can run, and what it may queue.
  bool has_slot() const noexcept { return *exchanges_ < capacity_ + limits::node_queue_default; }
  void on_exchange_started() noexcept { ++*exchanges_; }
  void on_exchange_ended() noexcept { --*exchanges_; }

  // The same for a call that may outlive the link.
  class slot {
   public:
    explicit slot(std::shared_ptr<std::size_t> of) : of_(std::move(of)) { ++*of_; }
    slot(slot&&) = default;
    slot& operator=(slot&&) = delete;
    ~slot() { leave(); }
    void leave() noexcept {
      if (const auto of = std::exchange(of_, nullptr)) --*of;
    }

   private:
    std::shared_ptr<std::size_t> of_;
  };
  slot take_slot() { return slot(exchanges_); }

 private:
  link::stream_events* on_stream(std::uint32_t id);
  asio::awaitable<void> serve(std::unique_ptr<link::stream> stream);
  asio::awaitable<void> control(net::http_exchange& call);
  asio::awaitable<void> take_record(net::http_exchange& call);
  asio::awaitable<void> take_load(net::http_exchange& call);
  asio::awaitable<void> leave(net::http_exchange& call);
  void unregister();
  void become_unregistered();
  bool may_report();

  context& shared_;
  std::unique_ptr<link::session> session_;
  std::string peer_text_;
  std::string own_path_;  // /api/v2/nodes/{peer}
  async::task_scope calls_;
  std::shared_ptr<std::size_t> exchanges_ = std::make_shared<std::size_t>(0);
  std::size_t capacity_ = 0;
  steady_time unregistered_since_;
  steady_time reports_since_{};  // the second in which reports_ came
  std::size_t reports_ = 0;
  codec::ip_address from_;
  link_gate::place place_;  // held while unregistered
  bool registered_ = false;
};

// Handshake and service of one dialled-in session, from its first byte to its end. `place` is held until a
// node has registered.
asio::awaitable<void> serve_link(context& shared, std::unique_ptr<async::byte_stream> stream,
                                 async::deadline until, link_gate::place place);

}  // namespace tp::relay
