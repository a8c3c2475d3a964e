// What was said in one chat, and how it becomes a request and an answer becomes words. Pure.
// Lives as long as the chat, in memory only. Refuses nothing: what an answer lacks is empty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"

namespace tp::cli {

enum class answer_form { whole, streamed };

struct asking {
  std::string model;
  answer_form form = answer_form::streamed;
  std::int64_t max_tokens = 0;  // 0: the engine decides
};

class conversation {
 public:
  explicit conversation(std::string_view system_text);
  void ask(std::string_view question);
  void answer(std::string_view text);
  // A question that got no answer is not part of the conversation.
  void take_back_question();
  plaintext request_body(const asking& how) const;

 private:
  struct message {
    std::string_view role;
    std::string text;
  };
  std::vector<message> messages_;
};

// Of one event of a streamed answer, or of a whole answer.
struct answer_part {
  std::string text;
  std::string error;  // the node's message, if the answer is an error
};
answer_part read_event(std::string_view data);
answer_part read_answer(std::string_view body);

}  // namespace tp::cli
