// What tokenplace-server can be told: its option table. Values only; read by main, printed by --help and
// docs/CONFIG.md.
#pragma once

#include "config/option.hpp"

namespace tp::server_app {

config::program options();

}  // namespace tp::server_app
