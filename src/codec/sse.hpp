// Server-sent events (WHATWG HTML 9.2): a parser for streamed answers and their writer. A parser belongs to
// one stream and one task. Events are handed out as their data alone; event, id and retry fields and comments
// are dropped, and so is an event that the end of the stream cut off. Refused: an event over its bound. Data
// is plaintext and wiped.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/secret.hpp"

namespace tp::codec {

class sse_parser {
 public:
  explicit sse_parser(std::size_t event_bytes_max = limits::sse_event_bytes_max)
      : event_bytes_max_(event_bytes_max) {}

  using event_sink = std::function<void(bytes_view data)>;
  // Takes any slice; calls on_event for each event that became whole, with its data lines joined by LF. The
  // view is valid during the call only. too_large: a line or an event's data over the bound; every later call
  // fails too.
  result<void> push(bytes_view piece, const event_sink& on_event);

 private:
  bool on_line(bytes_view line, const event_sink& on_event);

  std::size_t event_bytes_max_;
  plaintext line_;  // of an unfinished line
  plaintext data_;
  bool has_data_ = false;
  bool after_cr_ = false;   // a LF now belongs to the CR before it
  bool first_line_ = true;  // a byte order mark may stand here
  bool failed_ = false;
};

// One event, its data cut into as many data lines as it has; ends with the empty line. CR, LF and CRLF inside
// data all become line ends: a reader gets LF.
void write_sse_event(std::string& out, std::string_view data);
void write_sse_event(plaintext& out, bytes_view data);
// ": text" and an empty line: keeps a silent stream alive. `text` is our own, without line ends (asserted).
void write_sse_comment(std::string& out, std::string_view text = {});

}  // namespace tp::codec
