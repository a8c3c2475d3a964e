#include "config/toml_file.hpp"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <toml++/toml.h>
#pragma clang diagnostic pop

#include <fstream>
#include <optional>

#include "base/limits.hpp"

namespace tp::config {

namespace {

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const toml::value<std::string>* text = node.as_string()) return text->get();
  if (const toml::value<std::int64_t>* number = node.as_integer()) return std::to_string(number->get());
  if (const toml::value<bool>* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

refusal at_line(std::size_t line, std::string_view why) {
  return {"line " + std::to_string(line) + ": " + std::string(why)};
}

std::variant<file_entry, refusal> entry_of(std::string_view section, const toml::key& key,
                                           const toml::node& node) {
  file_entry entry;
  entry.section = section;
  entry.name = key.str();
  entry.line = key.source().begin.line;
  if (const toml::array* items = node.as_array()) {
    entry.is_array = true;
    for (const toml::node& item : *items) {
      const std::optional<std::string> text = scalar_text(item);
      if (!text) return at_line(entry.line, "a list may hold texts, integers and booleans only");
      entry.texts.push_back(*text);
    }
    return entry;
  }
  const std::optional<std::string> text = scalar_text(node);
  if (!text) return at_line(entry.line, "a value must be a text, an integer, a boolean or a list of those");
  entry.texts.push_back(*text);
  return entry;
}

std::optional<refusal> collect(const toml::table& table, std::string_view section,
                               std::vector<file_entry>& out) {
  for (const auto& [key, node] : table) {
    if (const toml::table* inner = node.as_table()) {
      if (!section.empty()) return at_line(key.source().begin.line, "a section inside a section");
      if (std::optional<refusal> wrong = collect(*inner, key.str(), out)) return wrong;
      continue;
    }
    std::variant<file_entry, refusal> entry = entry_of(section, key, node);
    if (refusal* wrong = std::get_if<refusal>(&entry)) return *wrong;
    out.push_back(std::get<file_entry>(std::move(entry)));
  }
  return std::nullopt;
}

std::variant<std::string, refusal> read_whole(const std::string& path, std::size_t bytes_max) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return refusal{"the file cannot be opened"};
  std::string text(bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return refusal{"the file cannot be read"};
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.empty() && !in.eof()) return refusal{"the file cannot be read"};
  if (text.size() > bytes_max)
    return refusal{"the file is larger than " + std::to_string(bytes_max) + " bytes"};
  return text;
}

}  // namespace

file_entries parse_toml(std::string_view text) {
  const toml::parse_result result = toml::parse(text);
  if (!result) return at_line(result.error().source().begin.line, "not valid TOML");
  std::vector<file_entry> entries;
  if (std::optional<refusal> wrong = collect(result.table(), "", entries)) return *wrong;
  return entries;
}

file_entries read_toml_file(const std::string& path) {
  std::variant<std::string, refusal> text = read_whole(path, limits::config_file_bytes_max);
  if (refusal* wrong = std::get_if<refusal>(&text)) return *wrong;
  return parse_toml(std::get<std::string>(text));
}

std::variant<std::string, refusal> read_secret_file(const std::string& path) {
  std::variant<std::string, refusal> text = read_whole(path, limits::secret_file_bytes_max);
  if (std::string* secret = std::get_if<std::string>(&text)) {
    while (!secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) secret->pop_back();
    if (secret->empty()) return refusal{"the file is empty"};
  }
  return text;
}

}  // namespace tp::config
