#include "server/options.hpp"

#include "config/load.hpp"
#include "options_checks.hpp"

namespace tp::server_app {

namespace {

using config::option;
using config::option_type;

std::vector<option> relay_options() {
  return {
      {.name = "relay-url",
       .type = option_type::list,
       .fallback = "http://127.0.0.1:5000",
       .help = "Relays to serve, all at once; http, https, ws or wss",
       .group = "Relays",
       .value_name = "URL",
       .check = apps::relay_url_only},
      {.name = "relay-port",
       .type = option_type::integer,
       .fallback = "0",
       .help = "Port used for relays whose address names none; 0: the scheme's own",
       .group = "Relays",
       .maximum = 65'535,
       .environment = {"RELAY_PORT"}},
      {.name = "relay-ca",
       .type = option_type::path,
       .help = "Certificates (PEM) to trust for relays instead of the system's",
       .group = "Relays",
       .value_name = "FILE"},
      {.name = "name",
       .help = "Name shown in the directory, at most 64 bytes; without it one made of the node's id",
       .group = "Relays",
       .value_name = "TEXT"},
  };
}

std::vector<option> engine_options() {
  return {
      {.name = "use-mock-llm",
       .type = option_type::flag,
       .help = "Answer from a mock: no engine, no model",
       .group = "Engine",
       .environment = {"USE_MOCK_LLM"}},
      {.name = "mock-script",
       .type = option_type::path,
       .help = "Replies, delays and faults of the mock, for tests",
       .group = "Engine",
       .value_name = "FILE"},
      {.name = "model",
       .type = option_type::list,
       .help = "What to serve: an id of the catalogue or a GGUF file; with --engine-url, which of its models",
       .group = "Engine",
       .value_name = "ID|FILE"},
      {.name = "engine-url",
       .help = "Use this OpenAI-compatible server (Ollama, vLLM, LM Studio, llama-server) as the engine",
       .group = "Engine",
       .value_name = "URL",
       .check = apps::http_url_only},
      {.name = "engine-api-key",
       .help = "Key for --engine-url",
       .group = "Engine",
       .secret = config::secrecy::secret},
      {.name = "engine",
       .type = option_type::path,
       .help = "The llama-server program; without it the one on PATH, else the one in the cache",
       .group = "Engine",
       .value_name = "PATH"},
      {.name = "context",
       .type = option_type::integer,
       .fallback = "0",
       .help = "Context length in tokens for one request; 0: the model's own",
       .group = "Engine",
       .maximum = 16'777'216},
      {.name = "engine-threads",
       .type = option_type::integer,
       .fallback = "0",
       .help = "Threads of a llama-server we start; 0: one less than cores, as it stalls on busy ones",
       .group = "Engine",
       .maximum = 1'024},
      {.name = "max-concurrency",
       .type = option_type::integer,
       .fallback = "4",
       .help = "Requests answered at the same time",
       .group = "Engine",
       .minimum = 1,
       .maximum = 1'024},
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
      {.name = "server-port",
       .type = option_type::integer,
       .fallback = "3000",
       .help = "Port of the local API; 0 takes a free one",
       .group = "Local API",
       .maximum = 65'535},
      {.name = "api-key",
       .help = "Key demanded of callers, on the local API and inside sealed requests",
       .group = "Local API",
       .secret = config::secrecy::secret},
      {.name = "drain-time",
       .type = option_type::duration,
       .fallback = "20s",
       .help = "For requests to finish after SIGTERM",
       .group = "Local API",
       .maximum = 3'600'000},
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
  table.foreign_sections = {"tokenplace-relay", "up", "chat", "gateway", "nodes", "models", "doctor", "seal"};
  for (const option& each : relay_options()) table.options.push_back(each);
  for (const option& each : engine_options()) table.options.push_back(each);
  for (const option& each : local_options()) table.options.push_back(each);
  table.options.push_back({.name = "env",
                           .fallback = "development",
                           .help = "What kind of place this is; shown by /health",
                           .choices = {"development", "testing", "production"}});
  for (const option& each : config::common_options()) table.options.push_back(each);
  return table;
}

}  // namespace tp::server_app
