#include "relay/options.hpp"

#include "config/load.hpp"
#include "options_checks.hpp"

namespace tp::relay_app {

namespace {

using config::option;
using config::option_type;

std::vector<option> network_options() {
  return {
      {.name = "host",
       .fallback = "127.0.0.1",
       .help = "Address to listen on; 0.0.0.0 for a public relay without a proxy in front",
       .group = "Network",
       .value_name = "ADDRESS",
       .environment = {"RELAY_HOST"}},
      {.name = "port",
       .type = option_type::integer,
       .fallback = "5000",
       .help = "Port of the page, the API and node links; 0 takes a free one",
       .group = "Network",
       .maximum = 65'535,
       .environment = {"RELAY_PORT"}},
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
  };
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
      {.name = "upload-time",
       .type = option_type::duration,
       .fallback = "60s",
       .help = "For a request body to arrive",
       .group = "Limits",
       .minimum = 100,
       .maximum = 3'600'000},
      {.name = "first-head-time",
       .type = option_type::duration,
       .fallback = "120s",
       .help = "For a node to begin its answer",
       .group = "Limits",
       .minimum = 100,
       .maximum = 3'600'000},
      {.name = "silence-time",
       .type = option_type::duration,
       .fallback = "60s",
       .help = "Longest silence inside an answer",
       .group = "Limits",
       .minimum = 100,
       .maximum = 3'600'000},
      {.name = "call-time",
       .type = option_type::duration,
       .fallback = "1h",
       .help = "For a whole answer",
       .group = "Limits",
       .minimum = 1'000,
       .maximum = 86'400'000},
      {.name = "drain-time",
       .type = option_type::duration,
       .fallback = "20s",
       .help = "For streams to finish after SIGTERM",
       .group = "Limits",
       .maximum = 3'600'000},
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
  table.foreign_sections = {
      "tokenplace-server", "up", "chat", "gateway", "nodes", "models", "doctor", "seal"};
  for (const option& each : network_options()) table.options.push_back(each);
  for (const option& each : limit_options()) table.options.push_back(each);
  table.options.push_back({.name = "env",
                           .fallback = "development",
                           .help = "What kind of place this is; shown by /healthz",
                           .choices = {"development", "testing", "production"}});
  for (const option& each : config::common_options()) table.options.push_back(each);
  return table;
}

}  // namespace tp::relay_app
