#include "openai/json_scan.hpp"

namespace tp::openai {

void json_cursor::skip_space() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
    ++position_;
  }
}

void json_cursor::skip_string() {
  ++position_;
  for (;;) {
    position_ = text_.find_first_of("\"\\", position_);
    if (position_ == std::string_view::npos) {
      position_ = text_.size();
      return fail();
    }
    if (text_[position_] == '"') break;
    position_ += 2;  // an escape; \u's digits hold neither quote nor backslash
  }
  ++position_;
}

void json_cursor::skip_value() {
  const char first = peek();
  if (first == '{') return each_member([this](std::string_view) { skip_value(); });
  if (first == '[') return each_item([this] { skip_value(); });
  if (first == '"') {
    skip_string();
  } else {
    const std::size_t end = text_.find_first_of(",]} \t\r\n", position_);
    const std::size_t stop = end == std::string_view::npos ? text_.size() : end;
    if (stop == position_) return fail();
    position_ = stop;
  }
  skip_space();
}

bool json_cursor::open(char bracket) {
  if (peek() != bracket || depth_ >= limits::json_depth_max) {
    fail();
    return false;
  }
  ++depth_;
  ++position_;
  comma_ = false;
  skip_space();
  return true;
}

bool json_cursor::close(char bracket) {
  if (failed_) return true;
  if (peek() != bracket) return false;
  if (comma_) fail();
  --depth_;
  ++position_;
  skip_space();
  return true;
}

void json_cursor::next() {
  const char c = peek();
  comma_ = c == ',';
  if (comma_) {
    ++position_;
    skip_space();
  } else if (c != '}' && c != ']') {
    fail();
  }
}

std::string_view json_cursor::read_key() {
  if (peek() != '"') {
    fail();
    return {};
  }
  const std::size_t start = position_ + 1;
  skip_string();
  if (failed_) return {};
  const std::string_view key = text_.substr(start, position_ - 1 - start);
  skip_space();
  if (peek() != ':') {
    fail();
    return {};
  }
  ++position_;
  comma_ = false;
  skip_space();
  return key;
}

}  // namespace tp::openai
