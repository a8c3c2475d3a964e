// What `tokenplace` can be told: its commands and their options. Values only; read by main, printed by --help
// and docs/CONFIG.md.
#pragma once

#include "config/option.hpp"

namespace tp::cli {

config::program options();

}  // namespace tp::cli
