#include "cli/options.hpp"

#include "shared_options.hpp"

namespace tp::cli {

namespace {

using config::command;
using config::option;
using config::option_type;

constexpr const char* dialling = "Relay and node";

std::vector<option> relay_options() {
  return {
      {.name = "relay",
       .fallback = "http://127.0.0.1:5000",
       .help = "The relay to use",
       .group = dialling,
       .value_name = "URL",
       .check = apps::http_url_only},
      apps::relay_ca_option("Certificates (PEM) to trust for the relay instead of the system's", dialling)};
}

option node_option() {
  return {.name = "node",
          .help = "Seal to this node and no other",
          .group = dialling,
          .value_name = "PEERID",
          .check = apps::peer_id_only};
}

option node_key_option() {
  return {.name = "node-api-key",
          .help = "Key that the node asks for, sealed to it",
          .group = dialling,
          .secret = config::secrecy::secret};
}

// For commands that ask a model.
std::vector<option> asking_options() {
  std::vector<option> made = relay_options();
  const option model{.name = "model",
                     .help = "Which model; without it the first one on offer",
                     .group = dialling,
                     .value_name = "ID"};
  apps::add(made, {node_option(), model, node_key_option()});
  return made;
}

option max_tokens_option(std::string group) {
  return {.name = "max-tokens",
          .type = option_type::integer,
          .fallback = "0",
          .help = "Longest answer in tokens; 0: the engine decides",
          .group = std::move(group),
          .maximum = 16'777'216};
}

option json_option() { return {.name = "json", .type = option_type::flag, .help = "Output for programs"}; }

command up() {
  command made{.name = "up", .summary = "Run relay, node and gateway on this machine until Ctrl-C"};
  made.options = {
      {.name = "mock",
       .type = option_type::flag,
       .help = "Answer from a mock: no engine, no model",
       .environment = {"USE_MOCK_LLM", "TOKEN_PLACE_USE_MOCK_LLM"},
       .one_of = "engine"},
      {.name = "model",
       .type = option_type::list,
       .help = "What to serve",
       .value_name = "ID|FILE",
       .one_of = "engine"},
      apps::port_option("port", "5000", "The relay's port", "Up", 1, {"RELAY_PORT"}),
      {.name = "relay",
       .help = "Serve and use this relay instead of starting one",
       .value_name = "URL",
       .check = apps::http_url_only},
      apps::relay_ca_option("Certificates (PEM) to trust for the relay instead of the system's", "Up"),
      {.name = "no-relay",
       .type = option_type::flag,
       .help = "Start no relay: use the one at --relay, or one that already runs on --port"},
      {.name = "engine", .type = option_type::path, .help = "The llama-server program"},
      apps::engine_url_option("Use this OpenAI-compatible server as the engine", "Up"),
      apps::context_option("Up"),
      apps::concurrency_option("Up"),
      {.name = "name",
       .help = "The node's name in the directory, at most 64 bytes",
       .check = apps::node_name_only},
      apps::port_option("gateway-port", "8484",
                        "The gateway's port; if it is taken and was not chosen, a free one", "Up", 1),
      apps::port_option("server-port", "3000",
                        "Port of the node's local API; if it is taken and was not chosen, a free one", "Up",
                        1),
      {.name = "ready-time",
       .type = option_type::duration,
       .fallback = "10m",
       .help = "How long engine and model may take to start",
       .minimum = 1'000,
       .maximum = 86'400'000},
  };
  for (option& each : made.options) each.group = "Up";
  return made;
}

command chat() {
  command made{.name = "chat", .summary = "Talk to a model, sealed to the node that runs it"};
  made.options = {
      {.name = "message",
       .help = "Ask this and leave; else standard input is read, or a terminal talked to",
       .group = "Chat",
       .value_name = "TEXT",
       .letter = 'm'},
      {.name = "system",
       .help = "Instructions that come before the conversation",
       .group = "Chat",
       .value_name = "TEXT"},
      {.name = "stream",
       .type = option_type::flag,
       .fallback = "true",
       .help = "Show the answer only when it is whole",
       .group = "Chat"},
      {.name = "json",
       .type = option_type::flag,
       .help = "Print the node's whole answer as JSON (one message only)",
       .group = "Chat"},
      max_tokens_option("Chat"),
  };
  apps::add(made.options, asking_options());
  return made;
}

std::string host_and_port_only(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool fits = colon != std::string_view::npos && colon + 1 < text.size() && text.back() != ']' &&
                    codec::parse_url(std::string("http://").append(text)).has_value();
  return fits ? "" : "is not HOST:PORT";
}

command gateway() {
  command made{.name = "gateway",
               .summary = "Serve OpenAI's API to local programs; every request is sealed to a node"};
  made.options = {
      {.name = "listen",
       .fallback = "127.0.0.1:8484",
       .help = "Where to listen",
       .group = "Gateway",
       .value_name = "HOST:PORT",
       .check = host_and_port_only},
      {.name = "allow-origin",
       .type = option_type::list,
       .help = "Web pages that may call the gateway from a browser, e.g. http://localhost:3001",
       .group = "Gateway",
       .value_name = "ORIGIN"},
      apps::drain_time_option("For requests to finish after SIGTERM", "Gateway"),
  };
  apps::add(made.options, relay_options());
  apps::add(made.options, {node_option(), node_key_option()});
  return made;
}

command seal() {
  command made{.name = "seal", .summary = "Write sealed request bodies for load tests"};
  made.options = {
      {.name = "out", .help = "Where to write; - is standard output", .group = "Seal", .value_name = "FILE"},
      {.name = "count",
       .type = option_type::integer,
       .fallback = "0",
       .help = "How many, each after its length (u32, little-endian); 0: one, without a length",
       .group = "Seal",
       .maximum = 10'000'000},
      {.name = "message",
       .fallback = "Hello",
       .help = "What is asked",
       .group = "Seal",
       .value_name = "TEXT",
       .letter = 'm'},
      {.name = "stream", .type = option_type::flag, .help = "Ask for a streamed answer", .group = "Seal"},
      max_tokens_option("Seal"),
  };
  apps::add(made.options, asking_options());
  return made;
}

command keys() {
  command made{.name = "keys",
               .summary = "Show this machine's node identity, or replace it",
               .usage = "[show|rotate]",
               .options = {json_option()},
               .positionals = config::words::some,
               .positionals_max = 1,
               .choices = {"show", "rotate"}};
  return made;
}

command models() {
  command made{.name = "models",
               .summary = "List the models that connected nodes serve",
               .usage = "[list]",
               .options = {json_option()},
               .positionals = config::words::some,
               .positionals_max = 1,
               .choices = {"list"}};
  apps::add(made.options, relay_options());
  return made;
}

command nodes() {
  command made{.name = "nodes",
               .summary = "List the nodes of a relay whose signed records are good",
               .options = {json_option()}};
  apps::add(made.options, relay_options());
  return made;
}

command doctor() {
  command made{.name = "doctor",
               .summary = "Check relay, node records and a sealed answer, and say what to do",
               .options = {json_option()}};
  apps::add(made.options, asking_options());
  return made;
}

command passed_on(std::string name, std::string summary) {
  command made{.name = std::move(name), .summary = std::move(summary), .positionals = config::words::pass_on};
  made.usage = "…";
  return made;
}

}  // namespace

config::program options() {
  config::program table;
  table.name = "tokenplace";
  table.version = TP_VERSION;
  table.summary = "Ask models on other people's machines, privately; or lend yours";
  table.usage = "COMMAND [options]";
  table.foreign_sections = {"tokenplace-relay", "tokenplace-server"};
  table.commands = {up(), chat(), gateway(), nodes(), models(), keys(), doctor(), seal()};
  table.commands.push_back({.name = "bench", .summary = "Say how to measure"});
  table.commands.push_back(passed_on("relay", "Run tokenplace-relay with the options that follow"));
  table.commands.push_back(passed_on("server", "Run tokenplace-server with the options that follow"));
  table.options = config::common_options();
  return table;
}

}  // namespace tp::cli
