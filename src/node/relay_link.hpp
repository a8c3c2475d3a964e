// One relay of this node: dials it, registers, serves its sealed requests, keeps record and load current, and
// dials again when the session ends (CONTRACT "Link"). Independent of the node's other relays. Owned by the
// node; event loop thread only. Back-off with full jitter from 0.25 s to 30 s; it never gives up, because
// relays come back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/deadline.hpp"
#include "async/event.hpp"
#include "async/task_scope.hpp"
#include "codec/url.hpp"
#include "crypto/ed25519.hpp"
#include "link/session.hpp"
#include "link/stream.hpp"
#include "net/http_server.hpp"
#include "net/tls.hpp"
#include "node/admission.hpp"
#include "node/meters.hpp"
#include "node/record_book.hpp"
#include "node/sealed_door.hpp"
#include "node/settings.hpp"

namespace tp::node {

enum class link_state { waiting, dialling, registering, serving, refused };
std::string_view name(link_state state) noexcept;

// What a link uses of its node.
struct link_context {
  const settings& config;
  const crypto::ed25519_key& identity;
  const record_book& record;
  const admission& gate;
  sealed_door& door;  // serves the relay's requests
  const net::tls_client* tls;
  meters& count;
  services& with;
};

class relay_link {
 public:
  relay_link(const asio::any_io_executor& executor, codec::url relay, link_context shared);
  relay_link(const relay_link&) = delete;
  relay_link& operator=(const relay_link&) = delete;

  // Until leave() or cancellation.
  asio::awaitable<void> run();

  // Something to tell the relay: a new record or another load.
  void changed() { changed_.notify(); }
  // Takes the node out of the relay's directory; requests under way go on.
  asio::awaitable<void> withdraw(async::deadline until);
  // Lets the requests under way end, until then at most, closes the session and lets run() end.
  void finish(async::deadline until);

  link_state state() const noexcept { return state_; }
  const codec::url& relay() const noexcept { return relay_; }

 private:
  asio::awaitable<void> keep_serving();
  async::task<void> serve_once();
  async::task<std::unique_ptr<async::byte_stream>> dial(async::deadline until);
  asio::awaitable<void> finish_calls();
  async::task<void> keep_current(link::session& session);
  async::task<void> put_record(link::session& session);
  async::task<void> post_load(link::session& session);
  async::task<int> control(link::session& session, std::string method, std::string path, std::string body,
                           async::deadline until);
  link::stream_events* on_stream(link::session& session, std::uint32_t id);
  asio::awaitable<void> serve_stream(std::unique_ptr<link::stream> stream);
  std::chrono::milliseconds next_pause();
  void set_state(link_state state);

  asio::any_io_executor executor_;
  codec::url relay_;
  link_context shared_;
  reading_room uploads_;  // of this relay: what it begins and never ends is in no other's way
  net::http_handler door_;
  std::string own_path_;  // /api/v2/nodes/{peer}
  async::event changed_;
  std::unique_ptr<link::session> session_;
  std::unique_ptr<async::task_scope> calls_;  // of the present session
  link_state state_ = link_state::waiting;
  std::int64_t told_record_ = 0;
  std::size_t told_in_flight_ = 0;
  std::size_t told_queued_ = 0;
  std::chrono::milliseconds backoff_;
  std::optional<steady_time> served_until_;  // when the relay was lost
  bool withdrawn_ = false;
  bool leaving_ = false;
  async::deadline leave_by_ = async::deadline::never();
  net::http_drain drain_;  // of the requests, once it leaves
  async::task_scope life_;
};

}  // namespace tp::node
