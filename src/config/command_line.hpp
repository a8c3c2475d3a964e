// The command line taken apart by the table, values still as texts. Pure. The first problem ends the reading.
// load() is the only caller.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/option.hpp"
#include "config/value.hpp"

namespace tp::config {

// What was said about one option.
struct given_flag {
  std::string name;
  std::string spelled;  // as typed, e.g. "--use_mock_llm"
  std::vector<std::string> texts;
};

enum class asked_for { nothing, help, version, markdown };

struct command_line {
  std::optional<refusal> wrong;
  asked_for asked = asked_for::nothing;
  const command* chosen = nullptr;  // points into the table
  std::vector<option> rules;        // of the chosen command and the program, with --NAME-file for secrets
  std::vector<given_flag> flags;
  std::vector<std::string> words;
};

command_line read_command_line(const program& table, const std::vector<std::string>& arguments);

const option* find_rule(const std::vector<option>& rules, std::string_view name);

}  // namespace tp::config
