#include "config/help.hpp"

#include <algorithm>

#include "config/value.hpp"

namespace tp::config {

namespace {

constexpr std::size_t line_width = 110;
constexpr std::size_t text_column = 34;

std::string joined(const std::vector<std::string>& items, std::string_view between) {
  std::string text;
  for (const std::string& item : items) text.append(text.empty() ? "" : between).append(item);
  return text;
}

// Words of `text`, wrapped, the first line starting at the current column `from`.
void put_wrapped(std::string& out, std::string_view text, std::size_t from) {
  if (from + 2 > text_column) {
    out += '\n';
    from = 0;
  }
  out.append(text_column - from, ' ');
  std::size_t column = text_column;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (column + end > line_width && column > text_column) {
      out.back() = '\n';
      out.append(text_column, ' ');
      column = text_column;
    }
    out.append(text.substr(0, end)).append(" ");
    column += end + 1;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out.back() = '\n';
}

std::vector<std::string> groups_of(const std::vector<option>& options) {
  std::vector<std::string> groups;
  for (const option& each : options) {
    if (std::find(groups.begin(), groups.end(), each.group) == groups.end()) groups.push_back(each.group);
  }
  return groups;
}

std::string spelling(const option& each) {
  std::string text = each.letter == 0 ? "    " : std::string("-") + each.letter + ", ";
  const bool is_secret = each.secret == secrecy::secret;
  const bool is_on = each.type == option_type::flag && each.fallback == "true";
  if (is_secret) return text + "--" + each.name + "-file FILE";
  text.append(is_on ? "--no-" : "--").append(each.name);
  const std::string value = value_name(each);
  if (!value.empty()) text.append(" ").append(value);
  return text;
}

// A standing option is an action of the program, not a setting: it has no environment name and no place in
// files.
bool is_action(const option& each) {
  return each.name == "help" || each.name == "version" || each.name == "print-config" ||
         each.name == "config";
}

std::string remarks(const option& each) {
  std::string text = each.help;
  if (each.secret == secrecy::secret) return text + ", from a file; or " + environment_name(each.name);
  if (each.type == option_type::list) text += " (repeatable)";
  if (!each.fallback.empty() && each.type != option_type::flag) text += " [" + each.fallback + "]";
  if (!each.environment.empty()) text += " (also " + joined(each.environment, ", ") + ")";
  return text;
}

void put_options(std::string& out, const std::vector<option>& options) {
  for (const std::string& group : groups_of(options)) {
    out.append("\n").append(group).append(":\n");
    for (const option& each : options) {
      if (each.group != group) continue;
      const std::string left = "  " + spelling(each);
      out += left;
      put_wrapped(out, remarks(each), left.size());
    }
  }
}

bool has_durations(const std::vector<option>& options) {
  return std::any_of(options.begin(), options.end(),
                     [](const option& each) { return each.type == option_type::duration; });
}

void put_markdown_table(std::string& out, const std::vector<option>& options) {
  out += "| option | default | environment | what |\n|---|---|---|---|\n";
  for (const option& each : options) {
    if (is_action(each)) continue;
    std::string left = "`" + each.name + "`";
    if (each.secret == secrecy::secret) {
      left += " (secret)";
    } else if (!value_name(each).empty()) {
      left = "`" + each.name + " " + value_name(each) + "`";
    }
    std::vector<std::string> names{"`" + environment_name(each.name) + "`"};
    for (const std::string& more : each.environment) names.push_back("`" + more + "`");
    const std::string fallback = each.fallback.empty() ? "–" : "`" + each.fallback + "`";
    std::string row = "| " + left + " | " + fallback + " | " + joined(names, ", ") + " | " + each.help + " |";
    std::string escaped;
    for (std::size_t at = 0; at < row.size(); ++at) {
      const bool inner_bar = row[at] == '|' && at != 0 && at + 1 != row.size() && row[at - 1] != ' ';
      escaped.append(inner_bar ? "\\|" : std::string(1, row[at]));
    }
    out.append(escaped).append("\n");
  }
}

std::string toml_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out += is_control ? ' ' : c;
  }
  return out + "\"";
}

std::string toml_value(const setting& entry) {
  switch (entry.rule.type) {
    case option_type::flag:
    case option_type::integer:
      return entry.current.texts.front();
    case option_type::list: {
      std::vector<std::string> items;
      for (const std::string& item : entry.current.texts) items.push_back(toml_text(item));
      return "[" + joined(items, ", ") + "]";
    }
    case option_type::text:
    case option_type::duration:
    case option_type::path:
      break;
  }
  return toml_text(entry.current.texts.front());
}

}  // namespace

std::string help_text(const program& table, const command* chosen) {
  std::string out = table.name;
  if (chosen != nullptr) out.append(" ").append(chosen->name);
  out.append(": ").append(chosen == nullptr ? table.summary : chosen->summary).append("\n\nUsage: ");
  out.append(table.name);
  if (chosen != nullptr) {
    out.append(" ").append(chosen->name).append(" [options]");
    if (!chosen->usage.empty()) out.append(" ").append(chosen->usage);
    out.append("\n");
    put_options(out, chosen->options);
  } else {
    out.append(" ").append(table.usage.empty() ? "[options]" : table.usage).append("\n");
  }
  if (chosen == nullptr && !table.commands.empty()) {
    out += "\nCommands:\n";
    for (const command& each : table.commands) {
      const std::string left = "  " + each.name;
      out += left;
      put_wrapped(out, each.summary, left.size());
    }
    out.append("\n").append(table.name).append(" COMMAND --help lists the options of a command.\n");
  }
  put_options(out, table.options);
  out += "\n";
  if (has_durations(table.options) || (chosen != nullptr && has_durations(chosen->options)))
    out += "A TIME is written 250ms, 30s, 5m or 2h; a bare number is seconds.\n";
  out +=
      "Every option can also stand in a configuration file (name = value) or in the environment\n"
      "(TOKEN_PLACE_ and the name in capitals, e.g. TOKEN_PLACE_LOG_LEVEL).\n"
      "Order: default < file < environment < flag.\n";
  return out;
}

std::string help_markdown(const program& table) {
  std::string out = "## " + table.name + "\n\n" + table.summary + ".\n\n";
  put_markdown_table(out, table.options);
  for (const command& each : table.commands) {
    out.append("\n### ").append(table.name).append(" ").append(each.name);
    if (!each.usage.empty()) out.append(" ").append(each.usage);
    out.append("\n\n").append(each.summary).append(".\n");
    if (each.options.empty()) continue;
    out += "\n";
    put_markdown_table(out, each.options);
  }
  return out;
}

std::string config_text(const settings& values) {
  std::string out;
  for (const setting& entry : values.all()) {
    if (is_action(entry.rule)) continue;
    std::string line;
    if (entry.rule.secret == secrecy::secret) {
      line = "# " + entry.rule.name + (entry.present() ? ": set" : ": unset");
    } else if (entry.current.texts.empty()) {
      line = "# " + entry.rule.name + ": unset";
    } else {
      line = entry.rule.name + " = " + toml_value(entry);
    }
    out.append(line).append("  # ").append(provenance(entry));
    if (!entry.ignored.empty()) out.append("; ").append(entry.ignored);
    out.append("\n");
  }
  return out;
}

}  // namespace tp::config
