#include "server/options.hpp"

#include "shared_options.hpp"

namespace tp::server_app {

namespace {

using config::option;
using config::option_type;

std::vector<option> relay_options() {
  return {
      {.name = "relay-url",
       .type = option_type::list,
       .fallback = "http://127.0.0.1:5000",
       .help = "Relays to serve, all at once; http, https, ws, wss, or tcp (raw libp2p)",
       .group = "Relays",
       .value_name = "URL",
       .check = apps::relay_url_only},
      apps::port_option("relay-port", "0",
                        "Port used for relays whose address names none; 0: the scheme's own", "Relays", 0,
                        {"RELAY_PORT"}),
      apps::relay_ca_option("Certificates (PEM) to trust for relays instead of the system's", "Relays"),
      {.name = "name",
       .help = "Name shown in the directory, at most 64 bytes; without it one made of the node's id",
       .group = "Relays",
       .value_name = "TEXT",
       .check = apps::node_name_only},
  };
}

std::vector<option> engine_options() {
  return {
      {.name = "use-mock-llm",
       .type = option_type::flag,
       .help = "Answer from a mock: no engine, no model",
       .group = "Engine",
       .environment = {"USE_MOCK_LLM"},
       .one_of = "engine"},
      {.name = "mock-script",
       .type = option_type::path,
       .help = "Replies, delays and faults of the mock, for tests",
       .group = "Engine",
       .value_name = "FILE"},
      {.name = "model",
       .type = option_type::list,
       .help = "What to serve: an id of the catalogue or a GGUF file; without it the default model",
       .group = "Engine",
       .value_name = "ID|FILE",
       .one_of = "engine"},
      apps::engine_url_option(
          "Use this OpenAI-compatible server (Ollama, vLLM, LM Studio, llama-server) as the engine",
          "Engine"),
      {.name = "engine-api-key",
       .help = "Key for --engine-url",
       .group = "Engine",
       .secret = config::secrecy::secret},
      {.name = "engine",
       .type = option_type::path,
       .help = "The llama-server program; without it the one on PATH, else the one in the cache",
       .group = "Engine",
       .value_name = "PATH"},
      apps::context_option("Engine"),
      {.name = "engine-threads",
       .type = option_type::integer,
       .fallback = "0",
       .help = "Threads of a llama-server we start; 0: one less than cores, above two",
       .group = "Engine",
       .maximum = 1'024},
      apps::concurrency_option("Engine"),
      {.name = "max-queue",
       .type = option_type::integer,
       .fallback = "16",
       .help = "Requests that may wait for a slot; more are refused as busy",
       .group = "Engine",
       .maximum = 4'096},
      {.name = "queue-time",
       .type = option_type::duration,
       .fallback = "60s",
       .help = "Longest wait for a slot",
       .group = "Engine",
       .maximum = 3'600'000},
      {.name = "cache-dir",
       .type = option_type::path,
       .fallback = "$XDG_CACHE_HOME/token.place",
       .help = "Where engines and models are kept",
       .group = "Engine",
       .value_name = "DIR",
       .computed = config::default_cache_dir},
  };
}

std::vector<option> local_options() {
  return {
      {.name = "server-host",
       .fallback = "127.0.0.1",
       .help = "Address of the local API; anything but loopback demands an API key",
       .group = "Local API",
       .value_name = "ADDRESS"},
      apps::port_option("server-port", "3000", "Port of the local API; 0 takes a free one", "Local API", 0),
      {.name = "api-key",
       .help = "Key demanded of callers of the local API",
       .group = "Local API",
       .secret = config::secrecy::secret},
      {.name = "api-key-for",
       .fallback = "local",
       .help =
           "Of whom the key is demanded: callers of the local API, or everyone, inside sealed requests too",
       .group = "Local API",
       .choices = {"local", "everyone"}},
      apps::drain_time_option("For requests to finish after SIGTERM", "Local API"),
  };
}

}  // namespace

config::program options() {
  config::program table;
  table.name = "tokenplace-server";
  table.version = TP_VERSION;
  table.summary =
      "A compute node of token.place: serves a model to people it cannot see, through relays it dials";
  table.section = "tokenplace-server";
  table.foreign_sections = apps::foreign_sections("tokenplace-relay");
  for (const auto& part :
       {relay_options(), engine_options(), local_options(), apps::service_options("/health")}) {
    apps::add(table.options, part);
  }
  return table;
}

}  // namespace tp::server_app
