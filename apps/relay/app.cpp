#include "relay/app.hpp"

#include "codec/url.hpp"
#include "program.hpp"
#include "reasons.hpp"
#include "relay/relay.hpp"

namespace tp::relay_app {

namespace {

constexpr std::string_view name = "tokenplace-relay";

relay::settings settings_from(const config::settings& values) {
  relay::settings out;
  out.host = values.text("host");
  out.port = static_cast<std::uint16_t>(values.integer("port"));
  if (values.given("gateway-url")) out.gateway = *codec::parse_url(values.text("gateway-url"));
  out.tls_certificate = values.path("tls-cert");
  out.tls_key = values.path("tls-key");
  out.environment = values.text("env");
  out.connections_max = static_cast<std::size_t>(values.integer("max-connections"));
  out.time.upload = values.duration("upload-time");
  out.time.first_head = values.duration("first-head-time");
  out.time.silence = values.duration("silence-time");
  out.time.call = values.duration("call-time");
  out.time.drain = values.duration("drain-time");
  return out;
}

std::string why_not(errc failure, const relay::settings& config) {
  const std::string where = config.host + ":" + std::to_string(config.port);
  if (failure == errc::key_file_invalid)
    return "--tls-cert and --tls-key must be a certificate chain and its private key (PEM)";
  return where + " " + apps::listening_reason(failure) + " (--host, --port)";
}

asio::awaitable<void> drain(relay::relay* serving) { co_await serving->drain(); }

}  // namespace

int run(const config::settings& values) {
  apps::harden_process();
  if (values.given("tls-cert") != values.given("tls-key")) {
    apps::complain(name, "--tls-cert and --tls-key belong together");
    return 2;
  }
  for (const std::string_view option : {"tls-cert", "tls-key"}) {
    const std::string unreadable = apps::unreadable_file(values, option);
    if (unreadable.empty()) continue;
    apps::complain(name, unreadable);
    return 2;
  }
  apps::program process(name, values);
  auto identity = process.identity("relay.key");
  if (!identity) return 1;
  relay::settings config = settings_from(values);
  auto made = relay::relay::open(process.executor(), config, std::move(*identity), process.with());
  if (!made) {
    apps::complain(name, why_not(to_errc(made.error()), config));
    return 1;
  }
  relay::relay* const serving = made->get();
  process.serve(serving->run(), [serving] { return drain(serving); });
  return 0;
}

}  // namespace tp::relay_app
