#include "cli/app.hpp"

#include <sys/prctl.h>

#include "cli/commands.hpp"
#include "cli/sibling.hpp"
#include "crypto/random.hpp"

namespace tp::cli {

namespace {

struct entry {
  std::string_view name;
  int (*run)(const context& of);
};

constexpr entry commands[] = {
    {"up", run_up},       {"chat", run_chat},     {"gateway", run_gateway},
    {"nodes", run_nodes}, {"models", run_models}, {"keys", run_keys},
    {"seal", run_seal},   {"doctor", run_doctor}, {"bench", run_bench},
};

// `up` and the short commands speak for themselves; their logs are for the curious.
log_level level_for(const config::loaded& configuration) {
  const bool is_service = configuration.command == "gateway";
  if (is_service || configuration.values.given("log-level"))
    return config::chosen_log_level(configuration.values);
  return log_level::warning;
}

}  // namespace

int run(const config::loaded& configuration, const config::environment& variables) {
  if (configuration.command == "relay") return become("tokenplace-relay", configuration.words, variables);
  if (configuration.command == "server") return become("tokenplace-server", configuration.words, variables);

  ::prctl(PR_SET_DUMPABLE, 0);  // a core dump would hold words
  std::signal(SIGPIPE, SIG_IGN);
  system_clock_source clock;
  crypto::os_random random;
  stderr_logger log(level_for(configuration), config::chosen_log_format(configuration.values), clock);
  metrics meters;
  services with{clock, random, log, meters};
  asio::io_context loop(1);
  const context of{configuration.values, variables, configuration.words, with, loop};
  for (const entry& each : commands) {
    if (each.name == configuration.command) return each.run(of);
  }
  return 2;
}

}  // namespace tp::cli
