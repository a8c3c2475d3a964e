// tokenplace gateway: the OpenAI endpoint for local programs.
#include "client/gateway.hpp"

#include <cstdio>

#include "async/signals.hpp"
#include "cli/commands.hpp"
#include "net/http_listener.hpp"
#include "reasons.hpp"

namespace tp::cli {

namespace {

client::gateway_settings settings_of(const config::settings& values) {
  client::gateway_settings settings;
  settings.pin = pinned_node(values);
  settings.node_api_key = secret_key(values.secret("node-api-key").reveal());
  settings.allowed_origins = values.list("allow-origin");
  return settings;
}

}  // namespace

int run_gateway(const context& of) {
  const std::unique_ptr<relay_access> relay = relay_access::open(of, of.values.text("relay"));
  if (relay == nullptr) return 1;
  client::gateway gateway(relay->calls(), relay->nodes(), settings_of(of.values), of.with);
  const result<codec::url> where = codec::parse_url("http://" + of.values.text("listen"));
  const net::listen_settings address{where->host, where->port};
  net::http_server_settings limits_of_server;
  const net::http_handler handler = [&gateway](net::http_exchange& exchange) {
    return gateway.handle(exchange);
  };
  result<std::unique_ptr<net::http_listener>> listener =
      net::http_listener::open(of.loop.get_executor(), address, handler, limits_of_server, nullptr, of.with);
  if (listener.has_error()) {
    const std::string why = apps::listening_reason(to_errc(listener.error()));
    complain(of.values.refusal_line("listen", of.values.text("listen") + " " + why));
    return 1;
  }
  net::http_listener& server = **listener;
  of.with.log.info("gateway_listening", field("port", server.port()));

  async::task_scope scope(of.loop.get_executor());
  const std::chrono::milliseconds grace = of.values.duration("drain-time");
  const async::stop_signals signals(of.loop.get_executor(), [&] {
    scope.spawn([](net::http_listener* draining,
                   async::deadline until) -> asio::awaitable<void> { co_await draining->drain(until); },
                &server, async::deadline::after(grace));
  });
  scope.spawn(server.run());
  while (scope.live() > 0) of.loop.run_one();
  of.with.log.info("gateway_stopped");
  return 0;
}

}  // namespace tp::cli
