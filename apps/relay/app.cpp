#include "relay/app.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "codec/url.hpp"
#include "program.hpp"
#include "reasons.hpp"
#include "relay/relay.hpp"

namespace tp::relay_app {

namespace {

constexpr std::string_view name = "tokenplace-relay";

// One or several, separated by commas. Only what a hash tells is kept.
std::vector<crypto::digest> token_digests(const secret_key& tokens) {
  std::vector<crypto::digest> out;
  std::string_view rest = as_chars(tokens.reveal());
  while (!rest.empty() && out.size() < limits::server_tokens_max) {
    std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (!one.empty()) out.push_back(crypto::sha256(as_bytes(one)));
  }
  return out;
}

relay::rate_settings rates_from(const config::settings& values) {
  using relaycore::limits_origin;
  relay::rate_settings out;
  out.rules.request = *relaycore::parse_rate(values.text("api-rate-limit"));
  out.rules.quota = *relaycore::parse_rate(values.text("api-daily-quota"));
  const bool chosen = values.given("api-rate-limit") || values.given("api-daily-quota");
  out.origin = chosen ? limits_origin::set_by_operator : limits_origin::defaults;
  const auto proxies = relaycore::trusted_proxies::parse(values.list("trusted-proxies"));
  if (proxies) out.proxies = *proxies;  // each was checked; together they may be too many, see run()
  return out;
}

relay::settings settings_from(const config::settings& values) {
  relay::settings out;
  out.host = values.text("host");
  out.port = static_cast<std::uint16_t>(values.integer("port"));
  if (values.given("gateway-url")) out.gateway = *codec::parse_url(values.text("gateway-url"));
  out.tls_certificate = values.path("tls-cert");
  out.tls_key = values.path("tls-key");
  out.environment = values.text("env");
  out.connections_max = static_cast<std::size_t>(values.integer("max-connections"));
  out.rates = rates_from(values);
  out.server_tokens = token_digests(values.secret("relay-server-token"));
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
  if (values.list("trusted-proxies").size() > limits::trusted_proxies_max) {
    apps::complain(name, "--trusted-proxies names too many networks");
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
