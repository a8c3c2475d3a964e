#include "config/load.hpp"

#include <algorithm>

#include "config/command_line.hpp"
#include "config/help.hpp"
#include "config/toml_file.hpp"

namespace tp::config {

namespace {

// One run of load(): layer by layer fills the settings. The first problem ends it.
class loader {
 public:
  loader(const program& table, command_line said, const environment& variables)
      : table_(table), variables_(variables), said_(std::move(said)) {}

  loaded run() {
    if (said_.chosen != nullptr) out_.command = said_.chosen->name;
    out_.words = said_.words;
    if (take_over() && fill_defaults() && apply_file() && apply_environment() && apply_flags() &&
        settle_alternatives() && apply_secret_files()) {
      finish();
    }
    return std::move(out_);
  }

 private:
  bool refuse(const std::string& why) {
    out_.step = next_step::refuse;
    out_.text = table_.name + ": " + why + "\n";
    return false;
  }

  bool print(std::string text) {
    out_.step = next_step::print;
    out_.text = std::move(text);
    return false;
  }

  bool take_over() {
    if (said_.wrong) return refuse(said_.wrong->why);
    switch (said_.asked) {
      case asked_for::help:
        return print(help_text(table_, said_.chosen));
      case asked_for::markdown:
        return print(help_markdown(table_));
      case asked_for::version:
        return print(table_.name + " " + table_.version + "\n");
      case asked_for::nothing:
        break;
    }
    return true;
  }

  const option* rule(std::string_view name) const { return find_rule(said_.rules, name); }

  std::string home() const {
    const auto found = variables_.find("HOME");
    return found == variables_.end() ? std::string() : found->second;
  }

  bool fill_defaults() {
    for (const option& each : said_.rules) {
      setting entry;
      entry.rule = each;
      entry.current = default_of(each);
      out_.values.put(std::move(entry));
    }
    return true;
  }

  value default_of(const option& each) const {
    const std::string fallback = each.computed == nullptr ? each.fallback : each.computed(variables_);
    if (each.type != option_type::flag && fallback.empty()) return {};
    return std::get<value>(parse_value(each, {fallback.empty() ? "false" : fallback}, home()));
  }

  // Sets one option from one source, or refuses naming option, source and reason.
  bool set(const std::string& name, const std::vector<std::string>& texts, source from,
           const std::string& where) {
    setting* entry = out_.values.find(name);
    parsed result = parse_value(entry->rule, texts, home());
    entry->from = from;
    entry->where = where;
    if (const refusal* wrong = std::get_if<refusal>(&result)) {
      return refuse(name + " (" + provenance(*entry) + "): " + wrong->why);
    }
    if (entry->rule.secret == secrecy::secret) {
      entry->secret = secret_key(as_bytes(texts.back()));
    } else {
      entry->current = std::get<value>(std::move(result));
    }
    return true;
  }

  // The file's path itself comes from the flag, else from the environment.
  std::string config_path() const {
    for (const given_flag& flag : said_.flags) {
      if (flag.name == "config") return flag.texts.back();
    }
    const auto found = variables_.find("TOKEN_PLACE_CONFIG");
    return found == variables_.end() ? std::string() : found->second;
  }

  bool apply_file() {
    if (rule("config") == nullptr) return true;
    const std::string path = config_path();
    if (path.empty()) return true;
    file_entries entries = read_toml_file(path);
    if (const refusal* wrong = std::get_if<refusal>(&entries))
      return refuse("config (" + path + "): " + wrong->why);
    const std::vector<file_entry>& all = std::get<std::vector<file_entry>>(entries);
    // First what is for everybody, then this program's or command's own table.
    for (const file_entry& each : all) {
      if (each.section.empty() && !apply_entry(each, path)) return false;
    }
    for (const file_entry& each : all) {
      if (!each.section.empty() && !apply_section_entry(each, path)) return false;
    }
    return true;
  }

  bool apply_section_entry(const file_entry& each, const std::string& path) {
    const std::string section = canonical_name(each.section);
    const std::string& own = said_.chosen == nullptr ? table_.section : said_.chosen->name;
    if (section == own) return apply_entry(each, path);
    const auto& foreign = table_.foreign_sections;
    const bool is_command = std::any_of(table_.commands.begin(), table_.commands.end(),
                                        [&](const command& other) { return other.name == section; });
    if (is_command || std::find(foreign.begin(), foreign.end(), section) != foreign.end()) return true;
    return refuse("[" + section + "] (file " + path + ", line " + std::to_string(each.line) +
                  "): no program or command has this section");
  }

  bool apply_entry(const file_entry& each, const std::string& path) {
    const std::string name = canonical_name(each.name);
    const std::string place = path + ", line " + std::to_string(each.line);
    const option* found = rule(name);
    const bool is_action = name == "help" || name == "version" || name == "print-config" || name == "config";
    // One file may serve several commands: what stands at the top may belong to another one.
    if (found == nullptr && each.section.empty() && belongs_to_another_command(name)) return true;
    if (found == nullptr || is_action)
      return refuse(shown(each.name) + " (file " + place + "): no such option");
    if (each.is_array && found->type != option_type::list) {
      return refuse(name + " (file " + place + "): one value is expected, not a list");
    }
    return set(name, each.texts, source::file, place);
  }

  bool belongs_to_another_command(std::string_view name) const {
    for (const command& other : table_.commands) {
      for (const option& each : other.options) {
        if (each.name == name) return true;
      }
    }
    return false;
  }

  bool apply_environment() {
    for (const option& each : said_.rules) {
      // The older names first, so that TOKEN_PLACE_… wins. An empty variable counts as unset.
      std::vector<std::string> names = each.environment;
      names.push_back(environment_name(each.name));
      for (const std::string& name : names) {
        const auto found = variables_.find(name);
        if (found == variables_.end() || found->second.empty()) continue;
        if (!set(each.name, {found->second}, source::environment, name)) return false;
      }
    }
    return true;
  }

  bool apply_flags() {
    for (const given_flag& flag : said_.flags) {
      if (!set(flag.name, flag.texts, source::flag, flag.spelled)) return false;
    }
    return true;
  }

  // Of options that exclude each other the one from the highest source stays.
  bool settle_alternatives() {
    for (const option& each : said_.rules) {
      setting& entry = *out_.values.find(each.name);
      if (each.one_of.empty() || !entry.chosen()) continue;
      const setting& best = best_of(each.one_of);
      if (&best == &entry) continue;
      if (best.from == entry.from) {
        return refuse(said_as(best) + " and " + said_as(entry) + " exclude each other; give one of them");
      }
      entry.ignored = provenance(entry) + " gives way to " + said_as(best);
      entry.current = default_of(each);
      entry.secret = {};
      entry.from = source::fallback;
      entry.where.clear();
    }
    return true;
  }

  // The first chosen one from the highest source. There is one.
  const setting& best_of(std::string_view alternatives) const {
    const setting* best = nullptr;
    for (const setting& each : out_.values.all()) {
      if (each.rule.one_of != alternatives || !each.chosen()) continue;
      if (best == nullptr || each.from > best->from) best = &each;
    }
    return *best;
  }

  static std::string said_as(const setting& entry) {
    return entry.rule.name + " (" + provenance(entry) + ")";
  }

  bool apply_secret_files() {
    for (const option& each : said_.rules) {
      if (each.secret != secrecy::secret) continue;
      const setting* file = out_.values.find(each.name + "-file");
      if (!file->chosen()) continue;
      const std::string path = file->current.texts.front();
      const std::variant<std::string, refusal> text = read_secret_file(path);
      if (const refusal* wrong = std::get_if<refusal>(&text)) {
        return refuse(file->rule.name + " (" + provenance(*file) + "): " + wrong->why);
      }
      if (!set(each.name, {std::get<std::string>(text)}, source::file, path)) return false;
    }
    return true;
  }

  void finish() {
    if (out_.values.find("print-config") != nullptr && out_.values.flag("print-config")) {
      print(config_text(out_.values));
    }
  }

  const program& table_;
  const environment& variables_;
  command_line said_;
  loaded out_;
};

}  // namespace

loaded load(const program& table, const std::vector<std::string>& arguments, const environment& variables) {
  return loader(table, read_command_line(table, arguments), variables).run();
}

}  // namespace tp::config
