// tokenplace-server from its settings to its exit code.
#pragma once

#include "config/settings.hpp"

namespace tp::server_app {

int run(const config::settings& values, const config::environment& variables);

}  // namespace tp::server_app
