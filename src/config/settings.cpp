#include "config/settings.hpp"

#include "base/assert.hpp"

namespace tp::config {

std::string provenance(const setting& entry) {
  switch (entry.from) {
    case source::fallback:
      return "default";
    case source::file:
      return "file " + entry.where;
    case source::environment:
      return "environment " + entry.where;
    case source::flag:
      return "flag " + entry.where;
  }
  return "unknown";
}

bool setting::chosen() const {
  if (from == source::fallback) return false;
  if (rule.secret == secrecy::secret) return !secret.empty();
  if (rule.type == option_type::flag) return current.number != 0;
  return !current.texts.empty() && !current.texts.front().empty();
}

const setting& settings::at(std::string_view name) const {
  for (const setting& entry : entries_) {
    if (entry.rule.name == name) return entry;
  }
  const bool in_the_table = false;
  TP_ASSERT(in_the_table);
  return entries_.front();
}

setting* settings::find(std::string_view name) {
  for (setting& entry : entries_) {
    if (entry.rule.name == name) return &entry;
  }
  return nullptr;
}

void settings::put(setting entry) { entries_.push_back(std::move(entry)); }

const std::string& settings::text(std::string_view name) const {
  static const std::string empty;
  const setting& entry = at(name);
  TP_ASSERT(entry.rule.type == option_type::text || entry.rule.type == option_type::path);
  return entry.current.texts.empty() ? empty : entry.current.texts.front();
}

std::filesystem::path settings::path(std::string_view name) const { return {text(name)}; }

std::int64_t settings::integer(std::string_view name) const {
  const setting& entry = at(name);
  TP_ASSERT(entry.rule.type == option_type::integer);
  return entry.current.number;
}

bool settings::flag(std::string_view name) const {
  const setting& entry = at(name);
  TP_ASSERT(entry.rule.type == option_type::flag);
  return entry.current.number != 0;
}

const std::vector<std::string>& settings::list(std::string_view name) const {
  const setting& entry = at(name);
  TP_ASSERT(entry.rule.type == option_type::list);
  return entry.current.texts;
}

std::chrono::milliseconds settings::duration(std::string_view name) const {
  const setting& entry = at(name);
  TP_ASSERT(entry.rule.type == option_type::duration);
  return std::chrono::milliseconds(entry.current.number);
}

const secret_key& settings::secret(std::string_view name) const {
  const setting& entry = at(name);
  TP_ASSERT(entry.rule.secret == secrecy::secret);
  return entry.secret;
}

bool settings::given(std::string_view name) const { return at(name).from != source::fallback; }

std::string settings::refusal_line(std::string_view name, std::string_view why) const {
  const setting& entry = at(name);
  return std::string(name).append(" (").append(provenance(entry)).append("): ").append(why);
}

}  // namespace tp::config
