#include "engine/llama_command.hpp"

#include <algorithm>
#include <array>

#include "base/limits.hpp"

namespace tp::engine {
namespace {

// Given when the program knows `option`; `value` may be empty.
struct optional_argument {
  std::string_view option;
  std::string_view value;
};

constexpr std::array optional_arguments{
    optional_argument{"--jinja", ""},       // chat templates and tool calls; the default only in newer ones
    optional_argument{"--no-webui", ""},    // its page is not ours to show
    optional_argument{"--no-slots", ""},    // that page shows prompts to every user of this machine
    optional_argument{"--cache-ram", "0"},  // else up to 8 GiB of other people's prompts stay in memory
    optional_argument{"--offline", ""},     // fetches nothing
    optional_argument{"--log-verbosity", "1"},  // errors only: lower levels quote requests
};

bool is_option_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

}  // namespace

void llama_help::on_line(std::string_view line) {
  if (!line.starts_with('-')) return;
  // "-a,    --alias STRING      text": options stand before the first run of text, separated by commas.
  while (line.starts_with('-') && options_.size() < limits::engine_help_options_max) {
    std::size_t end = 0;
    while (end < line.size() && is_option_character(line[end])) ++end;
    options_.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
    if (!line.starts_with(',')) return;
    line.remove_prefix(1);
    while (line.starts_with(' ')) line.remove_prefix(1);
  }
}

bool llama_help::knows(std::string_view option) const {
  return std::find(options_.begin(), options_.end(), option) != options_.end();
}

std::vector<std::string> llama_arguments(const llama_options& options, const llama_help& help,
                                         embedding_support embeddings, std::uint16_t port) {
  const std::int64_t context =
      options.context_length > 0 ? options.context_length : limits::engine_context_default;
  const auto slots = static_cast<std::int64_t>(std::max<std::size_t>(options.slots, 1));
  std::vector<std::string> out{options.program,
                               "--model",
                               options.model_file,
                               "--alias",
                               options.model_id,
                               "--host",
                               "127.0.0.1",
                               "--port",
                               std::to_string(port),
                               "--parallel",
                               std::to_string(slots),
                               "--threads",
                               std::to_string(std::max<std::size_t>(options.threads, 1)),
                               "--ctx-size",
                               std::to_string(context * slots)};  // the program divides it among its slots
  for (const optional_argument& argument : optional_arguments) {
    if (!help.knows(argument.option)) continue;
    out.emplace_back(argument.option);
    if (!argument.value.empty()) out.emplace_back(argument.value);
  }
  if (embeddings == embedding_support::on) {
    out.insert(out.end(), {"--embeddings", "--pooling", "mean"});  // a chat model's own pooling is none
  }
  return out;
}

}  // namespace tp::engine
