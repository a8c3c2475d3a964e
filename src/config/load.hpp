// From a command line, an environment and perhaps a file to settings: default < file < environment < flag.
// Owned by main; pure apart from reading the files that options name. Never reads the process environment.
// Refuses unknown options, wrong values, secrets given as flags, unknown commands and stray words, in one
// line each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "config/option.hpp"
#include "config/settings.hpp"

namespace tp::config {

enum class next_step {
  run,     // go on with command, words and values
  print,   // print `text` on stdout, leave with 0
  refuse,  // print `text` on stderr, leave with 2
};

struct loaded {
  next_step step = next_step::run;
  std::string text;                // one or more lines, each with its line end
  std::string command;             // of a program with commands
  std::vector<std::string> words;  // arguments that are not options
  settings values;
};

// `arguments` without the program's own name.
loaded load(const program& table, const std::vector<std::string>& arguments, const environment& variables);

// A copy of `envp`, the third parameter of main.
environment environment_of(const char* const* envp);

// Options every program has: config, state-dir, log-level, log-format, and help, version, print-config.
std::vector<option> common_options();

// $XDG_STATE_HOME/token.place or what the platform uses.
std::string default_state_dir(const environment& variables);
// $XDG_CACHE_HOME/token.place or what the platform uses.
std::string default_cache_dir(const environment& variables);

log_level chosen_log_level(const settings& values);
log_format chosen_log_format(const settings& values);

// Prints what load() decided, if it decided to end: the exit code. Nothing for next_step::run.
std::optional<int> concluded(const loaded& outcome);

}  // namespace tp::config
