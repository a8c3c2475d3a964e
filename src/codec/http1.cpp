#include "codec/http1.hpp"

#include <bit>
#include <cstring>

#include "codec/http1_chars.hpp"

namespace tp::codec {

namespace {

constexpr std::size_t length_digits_max = 18;  // far below 2^63: no sum of lengths can overflow

// Skips whole words of bytes that are plainly fine in a field value: 20-7e. What stops it (tab, CR, bytes
// above 7e, faults) is looked at byte by byte.
const char* skip_plain_words(const char* at, const char* end) {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t high = ones * 0x80;
  while (end - at >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    // A borrow sets the high bit of its byte, perhaps of the next one too: then the slow path looks.
    const std::uint64_t below_20 = word - ones * 0x20;
    const std::uint64_t is_7f = (word ^ (ones * 0x7f)) - ones;
    if (((below_20 | is_7f | word) & high) != 0) break;
    at += 8;
  }
  return at;
}

std::optional<std::uint64_t> plain_number(std::string_view text) {
  if (text.empty() || text.size() > length_digits_max) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!chars::is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

}  // namespace

// Walks once over the input. need_more is a step's way to say that the input ended, which is no error.
class head_parser {
 public:
  head_parser(std::string_view input, http_head& head)
      : begin_(input.data()),
        at_(begin_),
        end_(begin_ + std::min(input.size(), limits::http_head_bytes_max)),
        cut_(input.size() >= limits::http_head_bytes_max),
        head_(head) {}

  enum class kind : std::uint8_t { request, response };
  result<std::size_t> parse(kind which) {
    head_.close_ = head_.keep_alive_ = head_.chunked_ = false;
    head_.content_length_.reset();
    head_.count_ = 0;
    head_.status_ = 0;
    head_.method_ = head_.target_ = head_.path_ = head_.query_ = {};
    step done = which == kind::request ? request_line() : status_line();
    while (done == step::next) done = field_line();
    if (done == step::end) done = whole_head(which);
    switch (done) {
      case step::need_more:
        if (cut_) return errc::too_large;
        return std::size_t{0};
      case step::big:
        return errc::too_large;
      case step::bad:
        return errc::invalid_http;
      default:
        return static_cast<std::size_t>(at_ - begin_);
    }
  }

 private:
  enum class step : std::uint8_t { next, end, need_more, bad, big };

  step line_end() {
    if (at_ == end_) return step::need_more;
    if (*at_ != '\r') return step::bad;
    if (at_ + 1 == end_) return step::need_more;
    if (at_[1] != '\n') return step::bad;
    at_ += 2;
    return step::next;
  }

  std::string_view run(std::uint8_t of_class) {
    const char* from = at_;
    while (at_ != end_ && chars::is(*at_, of_class)) ++at_;
    return {from, static_cast<std::size_t>(at_ - from)};
  }

  step expect(char wanted) {
    if (at_ == end_) return step::need_more;
    if (*at_ != wanted) return step::bad;
    ++at_;
    return step::next;
  }

  step version() {
    constexpr std::string_view text = "HTTP/1.";
    for (const char wanted : text) {
      if (const step got = expect(wanted); got != step::next) return got;
    }
    if (at_ == end_) return step::need_more;
    if (*at_ != '0' && *at_ != '1') return step::bad;
    head_.minor_version_ = *at_++ - '0';
    return step::next;
  }

  step request_line() {
    head_.method_ = run(chars::token);
    if (const step got = expect(' '); got != step::next) return got;
    if (head_.method_.empty()) return step::bad;
    head_.target_ = run(chars::visible);
    if (head_.target_.size() > limits::http_target_bytes_max) return step::big;
    if (const step got = expect(' '); got != step::next) return got;
    if (!split_target()) return step::bad;
    if (const step got = version(); got != step::next) return got;
    return line_end();
  }

  bool split_target() {
    std::string_view rest = head_.target_;
    if (rest.empty() || rest.find('#') != std::string_view::npos) return false;
    if (rest.front() != '/') {
      if (rest == "*") {
        head_.path_ = rest;
        return head_.method_ == "OPTIONS";
      }
      const std::size_t colon = rest.find("://");
      if (colon == std::string_view::npos) return false;
      const std::string_view scheme = rest.substr(0, colon);
      if (!chars::equals_lower(scheme, "http") && !chars::equals_lower(scheme, "https")) return false;
      rest.remove_prefix(colon + 3);
      const std::size_t authority = std::min(rest.find_first_of("/?"), rest.size());
      if (authority == 0 || !chars::all(rest.substr(0, authority), chars::host)) return false;
      rest.remove_prefix(authority);
    }
    const std::size_t question = rest.find('?');
    head_.path_ = rest.substr(0, question);
    if (head_.path_.empty()) head_.path_ = "/";
    if (question != std::string_view::npos) head_.query_ = rest.substr(question + 1);
    return true;
  }

  step status_line() {
    if (const step got = version(); got != step::next) return got;
    if (const step got = expect(' '); got != step::next) return got;
    int status = 0;
    for (int i = 0; i < 3; ++i) {
      if (at_ == end_) return step::need_more;
      if (!chars::is_digit(*at_)) return step::bad;
      status = status * 10 + (*at_++ - '0');
    }
    if (status < 100 || status > 599) return step::bad;
    head_.status_ = status;
    if (at_ == end_) return step::need_more;
    if (*at_ == ' ') run(chars::value);  // the phrase means nothing; some servers leave out even the space
    return line_end();
  }

  step field_line() {
    if (at_ == end_) return step::need_more;
    if (*at_ == '\r') {
      const step got = line_end();
      return got == step::next ? step::end : got;
    }
    const std::string_view name = run(chars::token);
    if (const step got = expect(':'); got != step::next) return got;
    if (name.empty()) return step::bad;
    const char* from = at_;
    for (;;) {
      at_ = skip_plain_words(at_, end_);
      if (at_ == end_ || !chars::is(*at_, chars::value)) break;
      ++at_;
    }
    const std::string_view value = chars::trim({from, static_cast<std::size_t>(at_ - from)});
    if (const step got = line_end(); got != step::next) return got;
    if (head_.count_ == head_.fields_.size()) return step::big;
    head_.fields_[head_.count_++] = {name, value};
    return known_field(name, value);
  }

  // The fields that decide where a message ends and whose it is. Lengths of names first: most fields stop
  // there.
  step known_field(std::string_view name, std::string_view value) {
    if (name.size() == 4 && chars::equals_lower(name, "host")) {
      if (host_seen_ || !chars::all(value, chars::host)) return step::bad;
      host_seen_ = true;
    } else if (name.size() == 10 && chars::equals_lower(name, "connection")) {
      if (list_has_token(value, "close")) head_.close_ = true;
      if (list_has_token(value, "keep-alive")) head_.keep_alive_ = true;
    } else if (name.size() == 14 && chars::equals_lower(name, "content-length")) {
      if (head_.content_length_) return step::bad;
      head_.content_length_ = plain_number(value);
      if (!head_.content_length_) return step::bad;
    } else if (name.size() == 17 && chars::equals_lower(name, "transfer-encoding")) {
      if (head_.chunked_ || !chars::equals_lower(value, "chunked")) return step::bad;
      head_.chunked_ = true;
    }
    return step::next;
  }

  step whole_head(kind which) const {
    if (head_.chunked_ && (head_.content_length_ || head_.minor_version_ == 0)) return step::bad;
    if (which == kind::request && head_.minor_version_ == 1 && !host_seen_) return step::bad;
    return step::end;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  bool cut_;  // the input reaches the limit: what is not whole by end_ never will be
  bool host_seen_ = false;
  http_head& head_;
};

std::optional<std::string_view> http_head::find(std::string_view name) const noexcept {
  for (const http_field& field : fields()) {
    if (same_name(field.name, name)) return field.value;
  }
  return std::nullopt;
}

bool http_head::has_token(std::string_view name, std::string_view token) const noexcept {
  for (const http_field& field : fields()) {
    if (same_name(field.name, name) && list_has_token(field.value, token)) return true;
  }
  return false;
}

result<std::size_t> parse_request_head(std::string_view input, http_head& head) {
  return head_parser(input, head).parse(head_parser::kind::request);
}

result<std::size_t> parse_response_head(std::string_view input, http_head& head) {
  return head_parser(input, head).parse(head_parser::kind::response);
}

namespace {

body_framing framing_of(const http_head& head, body_framing::kind without) {
  if (head.chunked()) return {body_framing::kind::chunked, 0};
  const auto length = head.content_length();
  if (!length) return {without, 0};
  if (*length == 0) return {body_framing::kind::none, 0};
  return {body_framing::kind::length, *length};
}

}  // namespace

result<body_framing> request_framing(const http_head& head) {
  return framing_of(head, body_framing::kind::none);
}

result<body_framing> response_framing(const http_head& head, std::string_view request_method) {
  if (request_method == "CONNECT") return errc::invalid_http;
  const int status = head.status();
  if (request_method == "HEAD" || status < 200 || status == 204 || status == 304) return body_framing{};
  return framing_of(head, body_framing::kind::until_close);
}

}  // namespace tp::codec
