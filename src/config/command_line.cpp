#include "config/command_line.hpp"

#include <algorithm>

namespace tp::config {

namespace {

// --NAME-file for every secret NAME; one of the two is enough.
void add_secret_files(std::vector<option>& rules) {
  const std::size_t count = rules.size();
  for (std::size_t at = 0; at < count; ++at) {
    if (rules[at].secret != secrecy::secret) continue;
    option file;
    file.name = rules[at].name + "-file";
    file.type = option_type::path;
    file.help = "Read " + rules[at].name + " from this file";
    file.group = rules[at].group;
    file.value_name = "FILE";
    file.one_of = rules[at].one_of = rules[at].name;
    rules.push_back(std::move(file));
  }
}

// One character added, dropped or changed, or two neighbours exchanged.
bool one_edit_apart(std::string_view a, std::string_view b) {
  if (a.size() < 3 || b.size() < 3) return false;
  const std::size_t shorter = std::min(a.size(), b.size());
  std::size_t head = 0;
  while (head < shorter && a[head] == b[head]) ++head;
  const std::string_view rest_a = a.substr(head);
  const std::string_view rest_b = b.substr(head);
  if (rest_a.empty() || rest_b.empty()) return rest_a.size() + rest_b.size() <= 1;
  if (rest_a.substr(1) == rest_b.substr(1) || rest_a.substr(1) == rest_b || rest_a == rest_b.substr(1))
    return true;
  return rest_a.size() >= 2 && rest_b.size() >= 2 && rest_a[0] == rest_b[1] && rest_a[1] == rest_b[0] &&
         rest_a.substr(2) == rest_b.substr(2);
}

class reader {
 public:
  reader(const program& table, const std::vector<std::string>& arguments)
      : table_(table), arguments_(arguments) {
    out_.rules = table.options;
    add_secret_files(out_.rules);
  }

  command_line run() {
    if (read_arguments()) check_words();
    return std::move(out_);
  }

 private:
  bool refuse(std::string why) {
    out_.wrong = refusal{std::move(why)};
    return false;
  }

  bool ask(asked_for what) {
    out_.asked = what;
    return false;
  }

  bool read_arguments() {
    for (at_ = 0; at_ < arguments_.size(); ++at_) {
      const std::string& argument = arguments_[at_];
      if (argument == "--") {
        take_rest();
        return true;
      }
      const bool is_option = argument.size() > 1 && argument.front() == '-';
      if (is_option && !read_option(argument)) return false;
      if (!is_option && !read_word(argument)) return false;
      if (out_.chosen != nullptr && out_.chosen->positionals == words::pass_on) {
        take_rest();
        return true;
      }
    }
    return true;
  }

  void take_rest() {
    const auto rest = arguments_.begin() + static_cast<std::ptrdiff_t>(at_) + 1;
    out_.words.insert(out_.words.end(), rest, arguments_.end());
  }

  bool read_word(const std::string& word) {
    if (table_.commands.empty() || out_.chosen != nullptr) {
      out_.words.push_back(word);
      return true;
    }
    for (const command& each : table_.commands) {
      if (each.name == word) out_.chosen = &each;
    }
    if (out_.chosen == nullptr) return refuse(unknown_command(word));
    out_.rules = out_.chosen->options;
    out_.rules.insert(out_.rules.end(), table_.options.begin(), table_.options.end());
    add_secret_files(out_.rules);
    return true;
  }

  std::string unknown_command(const std::string& word) const {
    const std::string why = shown(word) + " is not a command; ";
    for (const command& each : table_.commands) {
      if (one_edit_apart(each.name, word)) return why + "did you mean " + each.name + "?";
    }
    return why + "see " + table_.name + " --help";
  }

  const option* rule_of_letter(char letter) const {
    for (const option& each : out_.rules) {
      if (each.letter == letter) return &each;
    }
    return nullptr;
  }

  bool read_option(const std::string& argument) {
    const bool is_long = argument.starts_with("--");
    const std::size_t equals = is_long ? argument.find('=') : std::string::npos;
    const std::string spelled = is_long ? argument.substr(0, equals) : argument.substr(0, 2);
    std::optional<std::string> text;
    if (equals != std::string::npos) text = argument.substr(equals + 1);
    if (!is_long && argument.size() > 2) text = argument.substr(2);
    const std::string name = is_long ? canonical_name(std::string_view(spelled).substr(2)) : std::string();
    if (name == "help-markdown") return ask(asked_for::markdown);
    const option* found = is_long ? find_rule(out_.rules, name) : rule_of_letter(argument[1]);
    if (found == nullptr && name.starts_with("no-")) {
      const option* positive = find_rule(out_.rules, std::string_view(name).substr(3));
      if (positive != nullptr && positive->type == option_type::flag && !text) {
        found = positive;
        text = "false";
      }
    }
    if (found == nullptr) return refuse(unknown_option(spelled, name));
    return take(*found, spelled, std::move(text));
  }

  bool take(const option& found, const std::string& spelled, std::optional<std::string> text) {
    if (found.name == "help") return ask(asked_for::help);
    if (found.name == "version") return ask(asked_for::version);
    if (found.secret == secrecy::secret) {
      return refuse(found.name + " (flag " + spelled + "): a secret is never a flag; use --" + found.name +
                    "-file or " + environment_name(found.name));
    }
    if (!text && found.type == option_type::flag) text = "true";
    if (!text) {
      if (at_ + 1 >= arguments_.size())
        return refuse(found.name + " (flag " + spelled + "): a value must follow");
      text = arguments_[++at_];
    }
    for (given_flag& earlier : out_.flags) {
      if (earlier.name != found.name) continue;
      earlier.texts.push_back(*text);
      return true;
    }
    out_.flags.push_back({found.name, spelled, {*text}});
    return true;
  }

  std::string unknown_option(const std::string& spelled, std::string_view name) const {
    const std::string why = shown(spelled) + " is not an option";
    for (const option& each : out_.rules) {
      const bool is_prefix = name.size() >= 3 && each.name.starts_with(name);
      if (is_prefix || one_edit_apart(each.name, name)) return why + "; did you mean --" + each.name + "?";
    }
    return why + "; see " + full_name() + " --help";
  }

  // Of the program and the command, for messages.
  std::string full_name() const {
    return out_.chosen == nullptr ? table_.name : table_.name + " " + out_.chosen->name;
  }

  bool check_words() {
    if (!table_.commands.empty() && out_.chosen == nullptr) {
      const bool only_asks = std::any_of(out_.flags.begin(), out_.flags.end(),
                                         [](const given_flag& flag) { return flag.name == "print-config"; });
      return only_asks || refuse("a command must follow; see " + table_.name + " --help");
    }
    const words wanted = out_.chosen == nullptr ? words::none : out_.chosen->positionals;
    if (wanted == words::pass_on) return true;
    const std::size_t most = out_.chosen == nullptr ? 0 : out_.chosen->positionals_max;
    const std::string command = full_name();
    if (out_.words.size() > most)
      return refuse(shown(out_.words[most]) + " is one word too many; see " + command + " --help");
    if (out_.chosen == nullptr || out_.chosen->choices.empty() || out_.words.empty()) return true;
    const std::vector<std::string>& known = out_.chosen->choices;
    if (std::find(known.begin(), known.end(), out_.words.front()) != known.end()) return true;
    return refuse(shown(out_.words.front()) + " is not something " + command + " knows; see " + command +
                  " --help");
  }

  const program& table_;
  const std::vector<std::string>& arguments_;
  std::size_t at_ = 0;
  command_line out_;
};

}  // namespace

command_line read_command_line(const program& table, const std::vector<std::string>& arguments) {
  return reader(table, arguments).run();
}

const option* find_rule(const std::vector<option>& rules, std::string_view name) {
  for (const option& each : rules) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

}  // namespace tp::config
