// The relay as one object: bind, serve, drain, gone. main makes one, spawns run() and calls drain() on a
// signal. Event loop thread only. After run() has returned nothing of it is left running.
#pragma once

#include <memory>
#include <optional>

#include "async/event.hpp"
#include "net/listener.hpp"
#include "net/tls.hpp"
#include "relay/context.hpp"
#include "relay/gateway_proxy.hpp"
#include "relay/v1_desk.hpp"

namespace tp::relay {

class relay {
 public:
  // Binds at once, so that a port in use is known before anything starts. `identity`: the relay's own libp2p
  // key. Errors: those of net::listener::open and net::tls_server::from_files.
  static result<std::unique_ptr<relay>> open(const asio::any_io_executor& executor, settings config,
                                             crypto::ed25519_key identity, services& with);
  ~relay();
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

  std::uint16_t port() const { return listener_->port(); }
  std::size_t nodes() const { return shared_.nodes.size(); }

  // Serves until drain() has finished, or until it is cancelled (then everything is cut).
  asio::awaitable<void> run();
  // Stops accepting, says "draining" on /readyz, closes idle connections, lets exchanges finish until
  // time.drain, then cuts them. The nodes' links are closed last.
  asio::awaitable<void> drain();

 private:
  relay(const asio::any_io_executor& executor, settings config, crypto::ed25519_key identity, services& with);
  void on_accepted(std::unique_ptr<net::connection> accepted);
  asio::awaitable<void> serve(std::unique_ptr<net::connection> accepted);
  asio::awaitable<void> sweep();
  void expire_nodes();

  settings config_;
  crypto::ed25519_key identity_;
  meters meters_;
  async::task_scope tasks_;
  context shared_;
  std::unique_ptr<net::listener> listener_;
  std::optional<net::tls_server> tls_;
  std::optional<net::tls_client> gateway_tls_;
  v1_desk v1_;
  std::unique_ptr<gateway_proxy> proxy_;
  async::event exchange_ended_;
  std::size_t securing_ = 0;  // connections in their TLS handshake
};

}  // namespace tp::relay
