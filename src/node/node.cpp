#include "node/node.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace tp::node {

namespace {

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// Readable, and says no more than the id does: a host's or user's name is nobody's business.
std::string name_for(const codec::peer_id& id) {
  const std::string text = id.text();
  return "node-" + text.substr(text.size() - 6);
}

// All relays at once: one that hangs keeps no other from knowing.
asio::awaitable<void> leave(relay_link* link, async::deadline until) {
  co_await link->withdraw(until);
  link->finish(until);
}

}  // namespace

node::node(const asio::any_io_executor& executor, settings config, crypto::ed25519_key identity,
           std::unique_ptr<engine::engine> model, services& with)
    : config_(std::move(config)),
      identity_(std::move(identity)),
      self_(codec::peer_id::from_public_key(identity_.public_key())),
      with_(with),
      executor_(executor),
      engine_(std::move(model)),
      meters_(with.meters),
      gate_(executor, config_.concurrency, config_.queue),
      keys_(with.clock, with.random),
      record_(config_, identity_, keys_, with),
      api_(*engine_, gate_, config_, meters_, with),
      sealed_(api_, keys_, self_, meters_, with),
      local_(api_, *engine_, config_, meters_, with),
      peers_(
          executor, identity_, [this](net::http_exchange& call) { return local_.serve(call); }, config_,
          meters_, with),
      starting_(executor),
      links_running_(executor),
      tasks_(executor) {
  if (config_.name.empty()) config_.name = name_for(self_);
  gate_.on_change([this] {
    for (relay_link& link : links_) link.changed();
  });
  with.meters.make_probe("token_place_node_in_flight", "Calls the engine works on.",
                         [this] { return static_cast<std::int64_t>(gate_.in_flight()); });
  with.meters.make_probe("token_place_node_queued", "Calls waiting for a slot.",
                         [this] { return static_cast<std::int64_t>(gate_.queued()); });
}

node::~node() = default;

result<std::unique_ptr<node>> node::open(const asio::any_io_executor& executor, settings config,
                                         crypto::ed25519_key identity, std::unique_ptr<engine::engine> model,
                                         services& with) {
  if (!is_loopback(config.host) && config.api_key.empty()) return errc::invalid_configuration;
  std::unique_ptr<node> made(
      new node(executor, std::move(config), std::move(identity), std::move(model), with));
  const settings& chosen = made->config_;
  const bool secure = std::any_of(chosen.relays.begin(), chosen.relays.end(), codec::is_secure);
  if (secure) {
    auto tls = chosen.relay_ca.empty() ? net::tls_client::from_system_roots()
                                       : net::tls_client::from_ca_file(chosen.relay_ca);
    if (!tls) return tls.error();
    made->tls_ = std::move(*tls);
  }
  const net::listen_settings where{.host = chosen.host, .port = chosen.port};
  const net::http_handler handler = [door = &made->peers_](net::http_exchange& call) {
    return door->serve(call);
  };
  const net::http_server_settings how;
  auto listener =
      net::http_listener::open(executor, where, handler, how, nullptr, with, made->peers_.upgrade());
  if (!listener) return listener.error();
  made->listener_ = std::move(*listener);
  const link_context shared{.config = made->config_,
                            .identity = made->identity_,
                            .record = made->record_,
                            .gate = made->gate_,
                            .door = made->sealed_,
                            .tls = made->tls_ ? &*made->tls_ : nullptr,
                            .count = made->meters_,
                            .with = with};
  for (const codec::url& relay : chosen.relays) made->links_.emplace_back(executor, relay, shared);
  return made;
}

async::task<void> node::run() {
  with_.log.info("node_starting", field("peer", self_.for_log()), field("port", listener_->port()));
  tasks_.spawn([](net::http_listener* of) { return of->run(); }, listener_.get());
  result<void> started = errc::cancelled;
  starting_.spawn(
      [](engine::engine* of, result<void>* out) -> asio::awaitable<void> {
        *out = co_await of->start(async::deadline::never());
      },
      engine_.get(), &started);
  co_await starting_.join();
  if (started && !draining_) {
    with_.log.info("engine_ready", field("models", engine_->models().size()));
    announce();
    tasks_.spawn([](node* self) { return self->keep_record(); }, this);
    tasks_.spawn([](node* self) { return self->serve_relays(); }, this);
  } else if (!draining_) {
    with_.log.error("engine_not_started", field("reason", engine_->reason()));
    tasks_.cancel();
    co_await tasks_.join();
    co_await engine_->stop();
    co_return started.error();
  }
  co_await tasks_.join();
  co_await engine_->stop();
  with_.log.info("node_stopped");
  co_return async::success();
}

// Signs a record when the key, the models or the time ask for one, and tells the links.
void node::announce() {
  const bool new_key = keys_.rotate_if_due() == e2ee::rotation::new_key;
  const std::vector<engine::model_info> models = engine_->models();
  if (!new_key && !record_.due(models)) return;
  const auto renewed = record_.renew(models);
  if (!renewed) {
    with_.log.error("record_not_renewed", field("reason", renewed.error()));
    return;
  }
  for (relay_link& link : links_) link.changed();
}

asio::awaitable<void> node::keep_record() {
  for (;;) {  // until cancelled
    const auto slept = co_await async::sleep_for(limits::record_check_interval);
    if (!slept) co_return;
    announce();
  }
}

asio::awaitable<void> node::serve_relays() {
  for (relay_link& link : links_) links_running_.spawn([](relay_link* of) { return of->run(); }, &link);
  co_await links_running_.join();
}

std::size_t node::relays_serving() const {
  return static_cast<std::size_t>(std::count_if(links_.begin(), links_.end(), [](const relay_link& link) {
    return link.state() == link_state::serving;
  }));
}

asio::awaitable<void> node::drain() {
  const async::deadline until = async::deadline::after(config_.time.drain);
  with_.log.info("node_draining", field("in_flight", gate_.in_flight()));
  draining_ = true;
  starting_.cancel();
  async::task_scope leaving(executor_);
  for (relay_link& link : links_) leaving.spawn(leave, &link, until);
  leaving.spawn(peers_.drain(until));
  co_await listener_->drain(until);
  co_await leaving.join();
  const async::deadline last = async::deadline::after(until.when(), limits::link_leave_time);
  const async::deadline_guard guard(executor_, last, [this] { links_running_.cancel(); });
  co_await links_running_.join();  // before the cut: the last bytes of an answer may still be on their way
  tasks_.cancel();
}

}  // namespace tp::node
