#include <cstdio>

#include "config/load.hpp"

namespace tp::config {

namespace {

std::string in_folder(const environment& variables, const char* xdg, const char* below_home) {
  const auto chosen = variables.find(xdg);
  if (chosen != variables.end() && chosen->second.starts_with('/')) return chosen->second + "/token.place";
#ifdef _WIN32
  const auto local = variables.find("LOCALAPPDATA");
  if (local != variables.end()) return local->second + "\\token.place";
#endif
  const auto home = variables.find("HOME");
  if (home == variables.end() || home->second.empty()) return "/var/lib/token.place";
  return home->second + below_home;
}

}  // namespace

std::string default_state_dir(const environment& variables) {
#ifdef __APPLE__
  return in_folder(variables, "XDG_STATE_HOME", "/Library/Application Support/token.place");
#else
  return in_folder(variables, "XDG_STATE_HOME", "/.local/state/token.place");
#endif
}

std::string default_cache_dir(const environment& variables) {
#ifdef __APPLE__
  return in_folder(variables, "XDG_CACHE_HOME", "/Library/Caches/token.place");
#else
  return in_folder(variables, "XDG_CACHE_HOME", "/.cache/token.place");
#endif
}

std::vector<option> common_options() {
  return {
      {.name = "config",
       .type = option_type::path,
       .help = "Read options from this TOML file",
       .value_name = "FILE"},
      {.name = "state-dir",
       .type = option_type::path,
       .fallback = "$XDG_STATE_HOME/token.place",
       .help = "Where keys and other lasting state live",
       .value_name = "DIR",
       .computed = default_state_dir},
      {.name = "log-level",
       .fallback = "info",
       .help = "How much to log on stderr",
       .value_name = "LEVEL",
       .choices = {"trace", "debug", "info", "warning", "error", "off"}},
      {.name = "log-format",
       .fallback = "text",
       .help = "Lines for people or for programs",
       .choices = {"text", "json"}},
      {.name = "print-config",
       .type = option_type::flag,
       .help = "Print every value and where it came from, then leave"},
      {.name = "version", .type = option_type::flag, .help = "Print the version, then leave"},
      {.name = "help", .type = option_type::flag, .help = "Print this text, then leave", .letter = 'h'},
  };
}

environment environment_of(const char* const* envp) {
  environment variables;
  for (; envp != nullptr && *envp != nullptr; ++envp) {
    const std::string_view entry = *envp;
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return variables;
}

log_level chosen_log_level(const settings& values) {
  const std::string& chosen = values.text("log-level");
  for (const log_level level : {log_level::trace, log_level::debug, log_level::info, log_level::warning,
                                log_level::error, log_level::off}) {
    if (name(level) == chosen) return level;
  }
  return log_level::info;
}

log_format chosen_log_format(const settings& values) {
  return values.text("log-format") == "json" ? log_format::json : log_format::text;
}

std::optional<int> concluded(const loaded& outcome) {
  if (outcome.step == next_step::run) return std::nullopt;
  const bool is_refusal = outcome.step == next_step::refuse;
  std::FILE* out = is_refusal ? stderr : stdout;
  std::fwrite(outcome.text.data(), 1, outcome.text.size(), out);
  std::fflush(out);
  return is_refusal ? 2 : 0;
}

}  // namespace tp::config
