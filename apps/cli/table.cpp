#include "cli/table.hpp"

#include <algorithm>

namespace tp::cli {

namespace {

// Characters, not bytes: every byte but the continuing ones of UTF-8.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t at = 0; at < row.size(); ++at) widths[at] = std::max(widths[at], width_of(row[at]));
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t at = 0; at < row.size(); ++at) {
      out.append(row[at]);
      if (at + 1 < row.size()) out.append(widths[at] - width_of(row[at]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace tp::cli
