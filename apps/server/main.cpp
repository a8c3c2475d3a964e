// tokenplace-server: configuration → application → exit code.
#include <string>
#include <vector>

#include "config/load.hpp"
#include "server/app.hpp"
#include "server/options.hpp"

int main(int argc, char** argv, char** envp) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const tp::config::environment variables = tp::config::environment_of(envp);
  const tp::config::loaded configuration = tp::config::load(tp::server_app::options(), arguments, variables);
  if (const std::optional<int> code = tp::config::concluded(configuration)) return *code;
  return tp::server_app::run(configuration.values, variables);
}
