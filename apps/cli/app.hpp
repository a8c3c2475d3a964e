// Runs the command that the configuration names; the one place that knows all commands of `tokenplace`.
#pragma once

#include "config/load.hpp"

namespace tp::cli {

// The exit code: 0 done, 1 the job failed, 2 wrong usage.
int run(const config::loaded& configuration, const config::environment& variables);

}  // namespace tp::cli
