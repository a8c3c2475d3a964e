// Finds places inside JSON text without building a value, so that members can be added and every other byte
// stays as the engine wrote it (numbers keep their spelling, nothing is copied that was said). A cursor is a
// value on the stack of one function. It checks only what it needs to find its way: text that is not JSON
// makes it fail, never read outside. Refuses nesting deeper than limits::json_depth_max.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/limits.hpp"

namespace tp::openai {

class json_cursor {
 public:
  explicit json_cursor(std::string_view text) : text_(text) { skip_space(); }

  bool failed() const { return failed_; }
  std::size_t position() const { return position_; }
  // The first character of the value under the cursor; 0 at the end or after a failure.
  char peek() const { return failed_ || position_ >= text_.size() ? '\0' : text_[position_]; }

  // Steps over the value under the cursor.
  void skip_value();

  // With the cursor on '{': calls on_member(key) with the cursor on each value, which on_member must step
  // over. The key is as spelled, without unescaping. Ends behind the '}'.
  template <class OnMember>
  void each_member(OnMember on_member) {
    if (!open('{')) return;
    while (!close('}')) {
      const std::string_view key = read_key();
      if (failed_) return;
      on_member(key);
      next();
      if (failed_) return;
    }
  }

  // With the cursor on '[': calls on_item() with the cursor on each item, which on_item must step over.
  template <class OnItem>
  void each_item(OnItem on_item) {
    if (!open('[')) return;
    while (!close(']')) {
      on_item();
      next();
      if (failed_) return;
    }
  }

 private:
  void skip_space();
  void skip_string();
  bool open(char bracket);   // steps over it
  bool close(char bracket);  // steps over it if it is there, or on failure, so that loops end
  void next();               // over ',' or up to a closing bracket
  std::string_view read_key();
  void fail() { failed_ = true; }

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t depth_ = 0;
  bool failed_ = false;
  bool comma_ = false;  // a value must follow
};

}  // namespace tp::openai
