#include "cli/line_reader.hpp"

namespace tp::cli {

namespace {
constexpr std::string_view fence = "\"\"\"";
}

message_builder::state message_builder::add(std::string_view line) {
  if (!quoted_ && text_.empty() && line.starts_with(fence)) {
    quoted_ = true;
    line.remove_prefix(fence.size());
    if (line.empty()) return state::more;
  }
  if (quoted_) {
    const bool closes = line.ends_with(fence);
    if (closes) line.remove_suffix(fence.size());
    text_.append(line);
    if (closes) return state::whole;
    text_ += '\n';
    return state::more;
  }
  if (line.ends_with('\\')) {
    text_.append(line.substr(0, line.size() - 1)).append("\n");
    return state::more;
  }
  text_.append(line);
  return state::whole;
}

std::string message_builder::take() {
  quoted_ = false;
  std::string whole = std::move(text_);
  text_.clear();
  while (!whole.empty() && whole.back() == '\n') whole.pop_back();
  return whole;
}

}  // namespace tp::cli
