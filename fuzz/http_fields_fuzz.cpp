// Lists of tokens and lists of fields against plainer readings of the same. The input is lines: a token, then
// lists, then fields "name:value".
#include "codec/http_fields.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "base/limits.hpp"

namespace {

using namespace tp;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return lower(c); });
  return text;
}

// Element by element, into memory of its own.
bool plainly_has(std::string_view list, std::string_view token) {
  std::string element;
  const auto matches = [&] {
    const std::size_t first = element.find_first_not_of(" \t");
    const std::size_t last = element.find_last_not_of(" \t");
    const std::string inner =
        first == std::string::npos ? std::string() : element.substr(first, last - first + 1);
    return lower(inner) == lower(std::string(token));
  };
  for (const char c : list) {
    if (c != ',') {
      element.push_back(c);
      continue;
    }
    if (matches()) return true;
    element.clear();
  }
  // What ends with a comma has no further element.
  return !list.empty() && list.back() != ',' && matches();
}

void check_list(std::string_view list, std::string_view token) {
  TP_ASSERT(codec::list_has_token(list, token) == plainly_has(list, token));
  if (!codec::is_token(token)) return;
  const std::string with = std::string(list) + ",\t" + std::string(token) + " ";
  TP_ASSERT(codec::list_has_token(with, token));
  TP_ASSERT(codec::list_has_token(lower(with), token));
}

void check_fields(const std::vector<std::string_view>& lines) {
  codec::http_fields fields;
  for (const std::string_view line : lines) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = line.substr(std::min(colon + 1, line.size()));
    const std::size_t before = fields.count(name);
    const bool good = codec::is_token(name) && codec::is_field_value(value);
    const bool added = fields.add(name, value).has_value();
    TP_ASSERT(added == (good && fields.size() - (added ? 1U : 0U) < limits::http_fields_max));
    TP_ASSERT(fields.count(name) == before + (added ? 1U : 0U));
    if (added && before == 0) TP_ASSERT(fields.find(lower(std::string(name))) == value);
  }
  while (!fields.empty()) {
    const std::string name(fields[0].name);
    TP_ASSERT(fields.set(name, "one").has_value() && fields.count(name) == 1);
    fields.remove(name);
    TP_ASSERT(fields.count(name) == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = as_chars({data, size});
  std::vector<std::string_view> lines;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (lines.empty()) return 0;
  for (const std::string_view list : lines) check_list(list, lines.front());
  check_fields(lines);
  return 0;
}
