// A configuration file as texts. The only door to toml++.
// Keys stand at the top level or in one table (section); a value is a string, an integer, a boolean or an
// array of those. A file that is too large, unreadable or not TOML is refused, with the line where reading
// stopped; messages never quote the file, which may hold secrets.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "config/value.hpp"

namespace tp::config {

struct file_entry {
  std::string section;  // empty: top level
  std::string name;     // as spelled
  std::size_t line = 0;
  std::vector<std::string> texts;
  bool is_array = false;
};

using file_entries = std::variant<std::vector<file_entry>, refusal>;

file_entries parse_toml(std::string_view text);
file_entries read_toml_file(const std::string& path);

// The content of a secret's file without its last line end, or why not. At most
// limits::secret_file_bytes_max.
std::variant<std::string, refusal> read_secret_file(const std::string& path);

}  // namespace tp::config
