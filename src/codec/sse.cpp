#include "codec/sse.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace tp::codec {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool ends_line(std::uint8_t byte) { return byte == '\n' || byte == '\r'; }

void put(std::string& out, std::string_view text) { out.append(text); }
void put(plaintext& out, std::string_view text) { out.append(as_bytes(text)); }

template <class Buffer>
void put_event(Buffer& out, std::string_view data) {
  for (;;) {
    const std::size_t end = std::min(data.find_first_of("\r\n"), data.size());
    put(out, "data: ");
    put(out, data.substr(0, end));
    put(out, "\n");
    if (end == data.size()) break;
    data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  put(out, "\n");
}

}  // namespace

result<void> sse_parser::push(bytes_view piece, const event_sink& on_event) {
  if (failed_) return errc::too_large;
  while (!piece.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (piece.front() == '\n') {
        piece = piece.subspan(1);
        continue;
      }
    }
    const auto stop = std::find_if(piece.begin(), piece.end(), ends_line);
    const auto size = static_cast<std::size_t>(stop - piece.begin());
    if (size > event_bytes_max_ - std::min(line_.size(), event_bytes_max_)) {
      failed_ = true;
      return errc::too_large;
    }
    if (stop == piece.end()) {
      line_.append(piece);
      return {};
    }
    after_cr_ = *stop == '\r';
    bool fits = true;
    if (line_.empty()) {
      fits = on_line(piece.first(size), on_event);
    } else {
      line_.append(piece.first(size));
      fits = on_line(line_.reveal(), on_event);
      line_.clear();
    }
    if (!fits) {
      failed_ = true;
      return errc::too_large;
    }
    piece = piece.subspan(size + 1);
  }
  return {};
}

bool sse_parser::on_line(bytes_view line, const event_sink& on_event) {
  std::string_view text = as_chars(line);
  if (first_line_ && text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  first_line_ = false;
  if (text.empty()) {
    if (!has_data_) return true;
    has_data_ = false;
    on_event(data_.reveal());
    data_.clear();
    return true;
  }
  constexpr std::string_view field = "data";
  if (!text.starts_with(field)) return true;
  text.remove_prefix(field.size());
  if (!text.empty()) {
    if (text.front() != ':') return true;
    text.remove_prefix(text.starts_with(": ") ? 2 : 1);
  }
  const std::size_t joined = data_.size() + (has_data_ ? 1 : 0) + text.size();
  if (joined > event_bytes_max_) return false;
  if (has_data_) data_.append(as_bytes("\n"));
  data_.append(as_bytes(text));
  has_data_ = true;
  return true;
}

void write_sse_event(std::string& out, std::string_view data) { put_event(out, data); }
void write_sse_event(plaintext& out, bytes_view data) { put_event(out, as_chars(data)); }

void write_sse_comment(std::string& out, std::string_view text) {
  TP_ASSERT(text.find_first_of("\r\n") == std::string_view::npos);
  out += ':';
  if (!text.empty()) out += ' ';
  out += text;
  out += "\n\n";
}

}  // namespace tp::codec
