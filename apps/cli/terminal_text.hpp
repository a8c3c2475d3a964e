// Words of strangers on a person's terminal: what could move the cursor, colour, retitle or type is taken
// out. One terminal_text per stream of text; it remembers a sequence that a piece boundary cut. Pure.
#pragma once

#include <string>
#include <string_view>

namespace tp::cli {

class terminal_text {
 public:
  // The printable part: control characters other than tab and line feed, and C1 controls, are left out; so
  // are the characters that reverse the direction of text. A UTF-8 sequence cut by the piece's end waits for
  // the next piece.
  std::string clean(std::string_view piece);

 private:
  std::string waiting_;
};

// For one short text such as a node's name.
std::string clean_line(std::string_view text);

}  // namespace tp::cli
