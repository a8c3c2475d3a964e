#include "relay/options.hpp"

#include "relaycore/client_address.hpp"
#include "relaycore/rate_limit.hpp"
#include "shared_options.hpp"

namespace tp::relay_app {

namespace {

using config::option;
using config::option_type;

std::string rate_only(std::string_view text) {
  return relaycore::parse_rate(text).has_value() ? "" : "is not a rate like 60/hour, 10 per 5 minutes, or 0";
}

std::string network_only(std::string_view text) {
  const std::vector<std::string> one{std::string(text)};
  return relaycore::trusted_proxies::parse(one).has_value() ? ""
                                                            : "is not an address or a network (10.0.0.0/8)";
}

std::vector<option> network_options() {
  return {
      {.name = "host",
       .fallback = "127.0.0.1",
       .help = "Address to listen on; 0.0.0.0 for a public relay without a proxy in front",
       .group = "Network",
       .value_name = "ADDRESS",
       .environment = {"RELAY_HOST"}},
      apps::port_option("port", "5000", "Port of the page, the API and node links; 0 takes a free one",
                        "Network", 0, {"RELAY_PORT"}),
      {.name = "tls-cert",
       .type = option_type::path,
       .help = "Certificate chain (PEM); with --tls-key the relay speaks TLS itself",
       .group = "Network",
       .value_name = "FILE"},
      {.name = "tls-key",
       .type = option_type::path,
       .help = "Private key of --tls-cert (PEM)",
       .group = "Network",
       .value_name = "FILE"},
      {.name = "gateway-url",
       .help = "Where plain OpenAI calls go; whoever runs that gateway reads them",
       .group = "Network",
       .value_name = "URL",
       .check = apps::http_url_only},
      {.name = "trusted-proxies",
       .type = option_type::list,
       .help = "Proxies in front, whose X-Forwarded-For or Forwarded says who a client is",
       .group = "Network",
       .value_name = "CIDR,...",
       .check = network_only},
      {.name = "relay-server-token",
       .help = "Tokens (comma-separated) of which a node of the first token.place must show one",
       .group = "Network",
       .environment = {"TOKEN_PLACE_RELAY_SERVER_TOKENS"},
       .secret = config::secrecy::secret},
  };
}

option wait_option(std::string name, std::string fallback, std::string help) {
  return {.name = std::move(name),
          .type = option_type::duration,
          .fallback = std::move(fallback),
          .help = std::move(help),
          .group = "Limits",
          .minimum = 100,
          .maximum = 3'600'000};
}

std::vector<option> limit_options() {
  return {
      {.name = "max-connections",
       .type = option_type::integer,
       .fallback = "9000",
       .help = "Client connections at a time",
       .group = "Limits",
       .minimum = 1,
       .maximum = 1'000'000},
      wait_option("upload-time", "60s", "For a request body to arrive"),
      wait_option("first-head-time", "120s", "For a node to begin its answer"),
      wait_option("silence-time", "60s", "Longest silence inside an answer"),
      {.name = "call-time",
       .type = option_type::duration,
       .fallback = "1h",
       .help = "For a whole answer",
       .group = "Limits",
       .minimum = 1'000,
       .maximum = 86'400'000},
      {.name = "api-rate-limit",
       .fallback = "60/hour",
       .help = "Inference requests of one client address; 0: no limit; if set, this machine's own count too",
       .group = "Limits",
       .value_name = "RATE",
       .environment = {"API_RATE_LIMIT"},
       .check = rate_only},
      {.name = "api-daily-quota",
       .fallback = "1000/day",
       .help = "The same, over a day",
       .group = "Limits",
       .value_name = "RATE",
       .environment = {"API_DAILY_QUOTA"},
       .check = rate_only},
      apps::drain_time_option("For streams to finish after SIGTERM", "Limits"),
  };
}

}  // namespace

config::program options() {
  config::program table;
  table.name = "tokenplace-relay";
  table.version = TP_VERSION;
  table.summary =
      "The public relay of token.place: directory, sealed requests, node links, plain API to a gateway";
  table.section = "tokenplace-relay";
  table.foreign_sections = apps::foreign_sections("tokenplace-server");
  for (const auto& part : {network_options(), limit_options(), apps::service_options("/healthz")}) {
    apps::add(table.options, part);
  }
  return table;
}

}  // namespace tp::relay_app
