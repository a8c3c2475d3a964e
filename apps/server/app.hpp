// tokenplace-server from its settings to its exit code.
#pragma once

#include "config/settings.hpp"

namespace tp::server_app {

int run(const config::settings& values);

}  // namespace tp::server_app
