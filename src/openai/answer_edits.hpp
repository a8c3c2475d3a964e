// Which members an engine's answer lacks, as edits of its text: everything else stays byte for byte.
// Pure; called by payload.cpp alone. Text that is not what it seems gets no edits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "openai/routes.hpp"

namespace tp::openai {

// At `at`, `remove` bytes give way to `insert`.
struct edit {
  std::size_t at = 0;
  std::size_t remove = 0;
  std::string_view insert;  // a literal
};

enum class chunk_usage { leave, null_if_absent };

// Edits in ascending order for one JSON object: a whole answer or one chunk of a stream. `out` is emptied
// first.
void find_answer_edits(endpoint which, std::string_view text, chunk_usage usage, std::vector<edit>& out);

}  // namespace tp::openai
