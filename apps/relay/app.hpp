// tokenplace-relay from its settings to its exit code.
#pragma once

#include "config/settings.hpp"

namespace tp::relay_app {

int run(const config::settings& values);

}  // namespace tp::relay_app
