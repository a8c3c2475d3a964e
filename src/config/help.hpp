// Texts made from the tables: --help, --print-config, and the Markdown of docs/CONFIG.md. Pure.
#pragma once

#include <string>

#include "config/option.hpp"
#include "config/settings.hpp"

namespace tp::config {

// `chosen` is null for a program as a whole.
std::string help_text(const program& table, const command* chosen);
std::string help_markdown(const program& table);

// A valid TOML file: every option with its value and, as a comment, where it came from. Secrets as set or
// unset.
std::string config_text(const settings& values);

}  // namespace tp::config
