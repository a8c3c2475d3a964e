#include "net/http_listener.hpp"

#include <utility>

#include "net/http_connection.hpp"

namespace tp::net {

http_listener::http_listener(std::unique_ptr<listener> listening, http_handler handler,
                             const http_server_settings& settings, const tls_server* tls, services& with,
                             http_upgrade upgrade, const asio::any_io_executor& executor)
    : listener_(std::move(listening)),
      handler_(std::move(handler)),
      settings_(settings),
      tls_(tls),
      services_(with),
      upgrade_(std::move(upgrade)),
      scope_(executor) {}

result<std::unique_ptr<http_listener>> http_listener::open(const asio::any_io_executor& executor,
                                                           const listen_settings& where, http_handler handler,
                                                           const http_server_settings& settings,
                                                           const tls_server* tls, services& with,
                                                           http_upgrade upgrade) {
  auto listening = listener::open(executor, where);
  if (listening.has_error()) return listening.error();
  return std::unique_ptr<http_listener>(new http_listener(std::move(*listening), std::move(handler), settings,
                                                          tls, with, std::move(upgrade), executor));
}

asio::awaitable<void> http_listener::run() {
  auto accepted = [this](std::unique_ptr<connection> one) { on_accepted(std::move(one)); };
  const result<void> ended = co_await listener_->run(accepted);
  if (ended.has_error() && to_errc(ended.error()) != errc::cancelled) {
    services_.log.error("http_listener_failed", field("error", ended.error()));
  }
  listener_->close();
  co_await scope_.join();
}

asio::awaitable<void> http_listener::drain(async::deadline until) {
  const auto executor = co_await asio::this_coro::executor;
  listener_->close();
  drain_.begin();
  auto cut = [this] { scope_.cancel(); };
  async::deadline_guard guard(executor, until, cut);
  co_await scope_.join();
}

void http_listener::on_accepted(std::unique_ptr<connection> accepted) {
  constexpr std::size_t refusals_max = 64;  // above, the connection is dropped without a word
  const std::size_t live = scope_.live();
  if (live >= settings_.connections_max + refusals_max) return;
  auto task = [](http_listener* self, std::unique_ptr<connection> one) {
    return self->serve(std::move(one));
  };
  auto no = [](http_listener* self, std::unique_ptr<connection> one) { return self->refuse(std::move(one)); };
  if (live >= settings_.connections_max)
    scope_.spawn(no, this, std::move(accepted));
  else
    scope_.spawn(task, this, std::move(accepted));
}

asio::awaitable<void> http_listener::serve(std::unique_ptr<connection> accepted) {
  if (tls_ != nullptr) {
    const auto until = async::deadline::after(settings_.head_time);
    const result<void> secured = co_await accepted->start_tls(*tls_, until);
    if (secured.has_error()) co_return;
  }
  bytes read;
  const http_next then =
      co_await serve_http_until(upgrade_.wanted, *accepted, handler_, settings_, services_, read, &drain_);
  if (then == http_next::upgrade) co_await upgrade_.take(std::move(accepted), std::move(read));
}

asio::awaitable<void> http_listener::refuse(std::unique_ptr<connection> accepted) {
  if (tls_ != nullptr) co_return;  // a handshake costs what is lacking
  bytes none;
  http_connection on(*accepted, settings_, services_, &drain_, none);
  co_await on.refuse(503, "too_many_connections", "The server has too many connections. Try again later.");
}

}  // namespace tp::net
