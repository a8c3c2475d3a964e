#include "openai/answer_edits.hpp"

#include <algorithm>

#include "openai/json_scan.hpp"

namespace tp::openai {
namespace {

enum class refusal_wanted { always, with_role };

// An object that is open: where members can be put, and whether any follow.
struct place {
  std::size_t at = 0;
  bool empty = true;
};

class finder {
 public:
  finder(std::string_view text, std::vector<edit>& out) : cursor_(text), out_(out) {}

  void run(chunk_usage usage) {
    if (cursor_.peek() != '{') return;
    place top{cursor_.position() + 1};
    bool has_usage = false;
    bool has_choice = false;
    cursor_.each_member([&](std::string_view key) {
      top.empty = false;
      has_usage = has_usage || key == "usage";
      if (key == "choices" && cursor_.peek() == '[') {
        cursor_.each_item([&] {
          has_choice = true;
          choice();
        });
      } else {
        cursor_.skip_value();
      }
    });
    // Anything behind the object: not one JSON value after all.
    if (cursor_.failed() || cursor_.peek() != '\0') return out_.clear();
    if (usage == chunk_usage::null_if_absent && has_choice && !has_usage) {
      add(top, "\"usage\":null,", "\"usage\":null");
    }
    std::sort(out_.begin(), out_.end(), [](const edit& a, const edit& b) { return a.at < b.at; });
  }

 private:
  void choice() {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    place here{cursor_.position() + 1};
    bool has_logprobs = false;
    cursor_.each_member([&](std::string_view key) {
      here.empty = false;
      has_logprobs = has_logprobs || key == "logprobs";
      if (key == "message" || key == "delta") {
        said(key == "message" ? refusal_wanted::always : refusal_wanted::with_role);
      } else {
        cursor_.skip_value();
      }
    });
    if (!has_logprobs) add(here, "\"logprobs\":null,", "\"logprobs\":null");
  }

  // A message always has `refusal`; of the deltas only the first, which names the role, as OpenAI sends it.
  void said(refusal_wanted when) {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    place here{cursor_.position() + 1};
    bool has_refusal = false;
    bool wanted = when == refusal_wanted::always;
    cursor_.each_member([&](std::string_view key) {
      here.empty = false;
      has_refusal = has_refusal || key == "refusal";
      wanted = wanted || key == "role";
      cursor_.skip_value();
    });
    if (wanted && !has_refusal) add(here, "\"refusal\":null,", "\"refusal\":null");
  }

  void add(const place& where, std::string_view before_others, std::string_view alone) {
    out_.push_back({where.at, 0, where.empty ? alone : before_others});
  }

  json_cursor cursor_;
  std::vector<edit>& out_;
};

}  // namespace

void find_answer_edits(endpoint which, std::string_view text, chunk_usage usage, std::vector<edit>& out) {
  out.clear();
  if (which != endpoint::chat_completions && which != endpoint::completions) return;
  finder(text, out).run(usage);
}

}  // namespace tp::openai
