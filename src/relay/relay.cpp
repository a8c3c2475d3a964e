#include "relay/relay.hpp"

#include "relay/front.hpp"
#include "relay/node_link.hpp"
#include "relay/routes.hpp"

namespace tp::relay {

relay::relay(const asio::any_io_executor& executor, settings config, crypto::ed25519_key identity,
             services& with)
    : config_(std::move(config)),
      identity_(std::move(identity)),
      meters_(with.meters),
      tasks_(executor),
      shared_{.with = with,
              .config = config_,
              .identity = identity_,
              .count = meters_,
              .tasks = tasks_,
              .tasks_executor = executor},
      v1_(shared_),
      exchange_ended_(executor) {
  shared_.v1 = &v1_;
  shared_.cold_settings.head_time = config_.time.head;
  shared_.cold_settings.idle_time = config_.time.idle;
  with.meters.make_probe("token_place_relay_nodes", "Registered nodes.",
                         [this] { return static_cast<std::int64_t>(shared_.nodes.size()); });
  with.meters.make_probe("token_place_link_streams", "Open streams of all libp2p sessions.", [this] {
    std::size_t streams = 0;
    for (node_link* link : shared_.sessions) streams += link->session().open_streams();
    return static_cast<std::int64_t>(streams);
  });
}

relay::~relay() = default;

result<std::unique_ptr<relay>> relay::open(const asio::any_io_executor& executor, settings config,
                                           crypto::ed25519_key identity, services& with) {
  std::unique_ptr<relay> made(new relay(executor, std::move(config), std::move(identity), with));
  const settings& chosen = made->config_;
  if (!chosen.tls_certificate.empty()) {
    auto tls = net::tls_server::from_files(chosen.tls_certificate.string(), chosen.tls_key.string());
    if (!tls) return tls.error();
    made->tls_ = std::move(*tls);
  }
  if (chosen.gateway) {
    if (codec::is_secure(*chosen.gateway)) {
      auto roots = net::tls_client::from_system_roots();
      if (!roots) return roots.error();
      made->gateway_tls_ = std::move(*roots);
    }
    const net::tls_client* const tls = made->gateway_tls_ ? &*made->gateway_tls_ : nullptr;
    made->proxy_ = std::make_unique<gateway_proxy>(made->shared_, *chosen.gateway, tls);
    made->shared_.gateway = made->proxy_.get();
  }
  const net::listen_settings where{.host = chosen.host, .port = chosen.port};
  auto listener = net::listener::open(executor, where);
  if (!listener) return listener.error();
  made->listener_ = std::move(*listener);
  return made;
}

asio::awaitable<void> relay::run() {
  shared_.with.log.info("relay_listening", field("port", listener_->port()));
  tasks_.spawn([](relay* self) { return self->sweep(); }, this);
  std::function<void(std::unique_ptr<net::connection>)> take =
      [this](std::unique_ptr<net::connection> socket) { on_accepted(std::move(socket)); };
  const auto accepted = co_await listener_->run(std::move(take));
  if (!accepted) tasks_.cancel();
  co_await tasks_.join();
  shared_.with.log.info("relay_stopped");
}

void relay::on_accepted(std::unique_ptr<net::connection> accepted) {
  const bool full = shared_.fronts.size() + securing_ >= config_.connections_max;
  if (full) return accepted->reset();
  tasks_.spawn(
      [](relay* self, std::unique_ptr<net::connection> socket) { return self->serve(std::move(socket)); },
      this, std::move(accepted));
}

asio::awaitable<void> relay::serve(std::unique_ptr<net::connection> accepted) {
  if (tls_) {
    const async::deadline until = async::deadline::after(config_.time.handshake);
    ++securing_;
    const auto secured = co_await accepted->start_tls(*tls_, until);
    --securing_;
    if (!secured) co_return;
  }
  front client(shared_, std::move(accepted));
  co_await client.run();
}

// One coarse look at everything that has a deadline (HOTPATH rule 6).
asio::awaitable<void> relay::sweep() {
  for (;;) {
    const auto slept = co_await async::sleep_for(config_.time.sweep);
    if (!slept) co_return;
    const steady_time now = shared_.now();
    for (auto at = shared_.fronts.begin(); at != shared_.fronts.end();) {
      front* const client = *at++;
      client->check(now);
      if (shared_.draining) client->close_if_idle();  // its last exchange may have ended since
    }
    for (auto at = shared_.sessions.begin(); at != shared_.sessions.end();) (*at++)->check(now);
    expire_nodes();
    v1_.expire(now);
    shared_.rates.sweep(now);
    if (shared_.draining) {
      exchange_ended_.notify();
      if (shared_.fronts.empty() && shared_.sessions.empty()) co_return;
    }
  }
}

void relay::expire_nodes() {
  for (const codec::peer_id& gone : shared_.nodes.expire(shared_.with.clock.unix_now())) {
    shared_.with.log.info("record_expired", field("peer", gone.for_log()));
    const auto link = shared_.links.find(gone.text());
    if (link != shared_.links.end()) link->second->on_expired();
  }
}

asio::awaitable<void> relay::drain() {
  shared_.draining = true;
  shared_.with.log.info("relay_draining", field("exchanges", meters_.exchanges.value()));
  shared_.drain.begin();
  v1_.begin_drain();
  listener_->close();
  const async::deadline until = async::deadline::after(config_.time.drain);
  for (auto at = shared_.fronts.begin(); at != shared_.fronts.end();) {
    front* const client = *at++;
    client->close_if_idle();
  }
  while (meters_.exchanges.value() > 0 && !until.passed()) {
    const auto woken = co_await exchange_ended_.wait();
    if (!woken) break;
  }
  const std::set<node_link*> sessions = shared_.sessions;  // closing may change the set
  for (node_link* link : sessions) link->session().close();
  while (!shared_.fronts.empty() && !until.passed()) {
    const auto woken = co_await exchange_ended_.wait();
    if (!woken) break;
  }
  tasks_.cancel();
}

}  // namespace tp::relay
