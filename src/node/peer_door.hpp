// The local port's door for libp2p: a WebSocket upgrade on `/` or `/p2p` becomes a session with the node's
// identity, whose /http/1.1 streams are served exactly as the port's own requests are, key and all. One per
// node; event loop thread only. Refuses more handshakes, sessions and streams at once than limits.hpp names;
// and, where no key is demanded, web pages (requests with an Origin): a browser lets any page open WebSockets
// to loopback.
#pragma once

#include <list>
#include <memory>

#include "async/task_scope.hpp"
#include "crypto/ed25519.hpp"
#include "link/session.hpp"
#include "link/stream.hpp"
#include "net/http_listener.hpp"
#include "node/meters.hpp"
#include "node/settings.hpp"

namespace tp::node {

class peer_door {
 public:
  // `local` answers what is no upgrade, and the streams' requests.
  peer_door(const asio::any_io_executor& executor, const crypto::ed25519_key& identity,
            net::http_handler local, const settings& config, meters& count, services& with);
  ~peer_door();
  peer_door(const peer_door&) = delete;
  peer_door& operator=(const peer_door&) = delete;

  // The handler of the port; refuses the upgrades that are not taken.
  asio::awaitable<void> serve(net::http_exchange& call);
  // For the port's listener.
  net::http_upgrade upgrade();

  // Ends handshakes at once and sessions when their requests are answered, or at the deadline.
  asio::awaitable<void> drain(async::deadline until);

 private:
  struct peer;
  bool may_enter(const codec::http_head& head) const;
  bool is_from_a_page(const codec::http_head& head) const;
  bool has_room() const;
  asio::awaitable<void> take(std::unique_ptr<net::connection> on, bytes already_read);
  async::task<std::unique_ptr<link::session>> shake_hands(std::unique_ptr<net::connection> on,
                                                          bytes already_read);
  static asio::awaitable<void> leave(std::shared_ptr<peer> one, async::deadline until);
  link::stream_events* on_stream(peer& from, std::uint32_t id);
  asio::awaitable<void> serve_stream(std::unique_ptr<link::stream> stream);

  asio::any_io_executor executor_;
  const crypto::ed25519_key& identity_;
  net::http_handler local_;
  const settings& config_;
  meters& count_;
  services& with_;
  std::list<std::shared_ptr<peer>> peers_;
  std::size_t handshakes_ = 0;
  net::http_drain drain_;
};

}  // namespace tp::node
