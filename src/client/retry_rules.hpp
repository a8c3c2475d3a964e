// When a sealed call is tried again (E2EE section 10.4), as a pure machine: each reason at most once per
// call, always in a new envelope, never after bytes of a sealed answer (but for a date to correct), never
// because a connection broke. One per call. It decides; sealed_call acts.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace tp::client {

enum class retry {
  no,            // hand the answer to the caller
  newer_key,     // fetch the record again; go on only if the key configuration changed
  another_node,  // seal to a node not tried yet; without one as `wait` says
  wait,          // seal again after the time the answer named
};

struct clear_refusal {
  int status = 0;
  std::string_view code;
  std::optional<std::chrono::seconds> retry_after;
};

class retry_rules {
 public:
  // An answer in the clear, not 200: the relay's word.
  retry on_clear(const clear_refusal& refusal);
  // There was no other node for retry::another_node.
  retry on_no_other_node(const clear_refusal& refusal) const;
  // A sealed 400 date_out_of_window with a date to use instead: whether to try with it.
  bool may_correct_date();

 private:
  bool key_retried_ = false;
  bool node_retried_ = false;
  bool date_retried_ = false;
};

}  // namespace tp::client
