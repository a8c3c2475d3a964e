// One value of one option: from text to checked value and back. Pure.
// Refuses with a reason a person can act on; the reason quotes the value unless the option is a secret or
// free text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/option.hpp"

namespace tp::config {

struct value {
  std::vector<std::string> texts;  // one, or the items of a list
  std::int64_t number = 0;         // integer; flag: 0 or 1; duration: milliseconds
};

struct refusal {
  std::string why;
};

using parsed = std::variant<value, refusal>;

// `texts`: one text for a scalar (the last counts), any number for a list; commas separate items of a list
// too. `home` replaces a leading "~" of a path.
parsed parse_value(const option& rule, const std::vector<std::string>& texts, std::string_view home);

// Any spelling of a name to the table's: "API_key" → "api-key".
std::string canonical_name(std::string_view spelling);

// "api-key" → "TOKEN_PLACE_API_KEY".
std::string environment_name(std::string_view name);

// For messages: at most 60 characters, in double quotes, control characters and quotes replaced.
std::string shown(std::string_view text);

// What stands for a value in help: "N", "TEXT", "PATH", …; empty for a flag.
std::string value_name(const option& rule);

}  // namespace tp::config
