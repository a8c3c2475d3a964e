// What a program can be told, as data: options, commands, programs. Everything people see about options
// (help, environment names, docs/CONFIG.md) and everything that reads them comes from these tables. Values,
// made once by the apps; nothing here has behaviour.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tp::config {

// The process environment, copied by main.
using environment = std::map<std::string, std::string>;

// list: texts, comma-separated or repeated. duration: "250ms", "30s", "5m", "2h"; a bare number is seconds.
// path: text with a leading "~/" replaced. flag: on or off; `--name` and `--no-name`.
enum class option_type { text, integer, flag, list, duration, path };

// A secret comes from a file (--NAME-file, added by itself, or the configuration file) or the environment,
// never from a flag, and is printed as set or unset.
enum class secrecy { open, secret };

struct option {
  std::string name;  // kebab-case; snake_case spellings are accepted wherever a name is read
  option_type type = option_type::text;
  std::string fallback{};  // the default as a person would type it; empty: none
  std::string help{};
  std::string group = "General";
  std::string value_name{};            // e.g. "URL"; empty: from the type
  std::vector<std::string> choices{};  // if not empty, nothing else is taken
  std::int64_t minimum = 0;            // integer: bounds; duration: bounds in milliseconds
  std::int64_t maximum = std::numeric_limits<std::int32_t>::max();
  std::vector<std::string> environment{};  // names besides TOKEN_PLACE_<NAME>
  char letter = 0;                         // short form, e.g. 'm' for -m
  secrecy secret = secrecy::open;
  // Says why a value is wrong ("not an http URL"); empty: it is fine. For rules this folder cannot know.
  std::string (*check)(std::string_view) = nullptr;
  // Makes the default from the environment; `fallback` is then only what help shows.
  std::string (*computed)(const config::environment&) = nullptr;
  // Options with the same word here exclude each other: of those that somebody gave, the one from the highest
  // source counts and the others are ignored; two from the same source are refused.
  std::string one_of{};
};

// no: words that are not options are refused. pass_on: everything after the command's name is left alone.
enum class words { none, some, pass_on };

struct command {
  std::string name;
  std::string summary;
  std::string usage{};  // what follows the command's name, e.g. "[show|rotate]"
  std::vector<option> options{};
  words positionals = words::none;
  std::size_t positionals_max = 0;
  std::vector<std::string> choices{};  // of the first word, if not empty
};

struct program {
  std::string name;
  std::string version;
  std::string summary;
  std::string usage{};
  std::string section{};          // the table of a configuration file that is this program's, e.g. "relay"
  std::vector<option> options{};  // of a program without commands; else those every command has
  std::vector<command> commands{};
  std::vector<std::string> foreign_sections{};  // tables of a shared file that belong to other programs
};

}  // namespace tp::config
