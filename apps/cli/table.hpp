// Columns of text for people: two spaces between, as wide as the widest cell. Pure.
#pragma once

#include <string>
#include <vector>

namespace tp::cli {

// The first row is the heading. Cells hold text that is already safe for a terminal.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

}  // namespace tp::cli
