// Lines from a person at a terminal, with editing and a history that lives in memory only: it holds words, so
// it is never written. Blocks the calling thread while the person thinks; one per program.
#pragma once

#include <memory>
#include <string>

namespace tp::cli {

enum class typed { line, interrupt, end };  // interrupt: Ctrl-C; end: Ctrl-D on an empty line

struct typed_line {
  typed what = typed::end;
  std::string text;  // UTF-8, without its line end
};

class line_reader {
 public:
  // The prompt's text is ours.
  line_reader(const char* program, const char* prompt, const char* more_prompt);
  ~line_reader();
  line_reader(const line_reader&) = delete;
  line_reader& operator=(const line_reader&) = delete;

  // A message: one line; or more lines when a line ends with a backslash or begins with """ (until a line
  // that ends with """).
  typed_line read_message();

 private:
  struct editor;
  typed_line read_line(const char* prompt);
  std::unique_ptr<editor> editor_;
  const char* prompt_;
  const char* more_prompt_;
};

// How lines become one message; pure.
class message_builder {
 public:
  enum class state { more, whole };
  state add(std::string_view line);
  std::string take();
  bool empty() const { return text_.empty() && !quoted_; }

 private:
  std::string text_;
  bool quoted_ = false;
};

}  // namespace tp::cli
