// tokenplace: configuration → command → exit code.
#include <clocale>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "cli/options.hpp"
#include "config/load.hpp"

int main(int argc, char** argv, char** envp) {
  // Line editing needs to know what a character is; nothing else depends on the locale.
  if (std::setlocale(LC_CTYPE, "") == nullptr) std::setlocale(LC_CTYPE, "C.UTF-8");

  const tp::config::environment variables = tp::config::environment_of(envp);
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const tp::config::loaded configuration = tp::config::load(tp::cli::options(), arguments, variables);
  if (const std::optional<int> code = tp::config::concluded(configuration)) return *code;
  return tp::cli::run(configuration, variables);
}
