// The node as one object: engine, doors, links; start, drain, gone. main makes one, spawns run() and calls
// drain() on a signal. Event loop thread only. After run() has returned nothing of it is left running.
#pragma once

#include <list>
#include <memory>
#include <optional>

#include "async/task_scope.hpp"
#include "engine/engine.hpp"
#include "net/http_listener.hpp"
#include "net/tls.hpp"
#include "node/admission.hpp"
#include "node/api.hpp"
#include "node/local_door.hpp"
#include "node/meters.hpp"
#include "node/peer_door.hpp"
#include "node/record_book.hpp"
#include "node/relay_link.hpp"
#include "node/sealed_door.hpp"
#include "node/settings.hpp"

namespace tp::node {

class node {
 public:
  // Binds the local API at once. Errors: those of net::http_listener::open, of the TLS roots, and
  // invalid_configuration for a public address without an API key.
  static result<std::unique_ptr<node>> open(const asio::any_io_executor& executor, settings config,
                                            crypto::ed25519_key identity,
                                            std::unique_ptr<engine::engine> model, services& with);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  // Starts the engine, then serves until drain() has finished or it is cancelled. A drain() before the engine
  // is there ends the start as well. Error: engine_unavailable when the engine did not start (see
  // engine().reason()).
  async::task<void> run();
  // Leaves the relays, lets calls finish until time.drain, stops the engine.
  asio::awaitable<void> drain();

  std::uint16_t port() const { return listener_->port(); }
  const codec::peer_id& peer() const noexcept { return self_; }
  const engine::engine& model() const { return *engine_; }
  std::size_t relays_serving() const;

 private:
  node(const asio::any_io_executor& executor, settings config, crypto::ed25519_key identity,
       std::unique_ptr<engine::engine> model, services& with);
  asio::awaitable<void> keep_record();
  asio::awaitable<void> serve_relays();
  void announce();

  settings config_;
  crypto::ed25519_key identity_;
  codec::peer_id self_;
  services& with_;
  asio::any_io_executor executor_;
  std::unique_ptr<engine::engine> engine_;
  meters meters_;
  admission gate_;
  e2ee::key_ring keys_;
  record_book record_;
  api api_;
  sealed_door sealed_;
  local_door local_;
  peer_door peers_;
  std::optional<net::tls_client> tls_;
  std::unique_ptr<net::http_listener> listener_;
  std::list<relay_link> links_;
  bool draining_ = false;
  async::task_scope starting_;  // the engine
  async::task_scope links_running_;
  async::task_scope tasks_;
};

}  // namespace tp::node
