#include "engine/event_cutter.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/limits.hpp"

namespace tp::engine {
namespace {

// The end of the last empty line in `text`, or 0. Line ends are LF or CRLF; nobody sends a lone CR.
std::size_t last_event_end(std::string_view text, std::size_t from) {
  for (std::size_t at = text.rfind('\n'); at != std::string_view::npos && at > from;
       at = text.rfind('\n', at - 1)) {
    const char before = text[at - 1];
    if (before == '\n' || (before == '\r' && at >= 2 && text[at - 2] == '\n')) return at + 1;
  }
  return 0;
}

}  // namespace

result<void> event_cutter::push(bytes_view piece) {
  const std::size_t old_size = held_.size();
  held_.append(piece);
  // An empty line may have begun in the two bytes before.
  const std::size_t from = std::max(whole_, old_size < 3 ? 0 : old_size - 3);
  const std::size_t end = last_event_end(held_.reveal_text(), from);
  if (end > 0) whole_ = end;
  if (held_.size() - whole_ > limits::sse_event_bytes_max) return errc::too_large;
  return {};
}

plaintext event_cutter::take() {
  if (whole_ == 0) return {};
  if (whole_ == held_.size()) return take_rest();
  plaintext events(held_.reveal().first(whole_));
  plaintext rest(held_.reveal().subspan(whole_));
  held_ = std::move(rest);
  whole_ = 0;
  return events;
}

plaintext event_cutter::take_rest() {
  whole_ = 0;
  return std::exchange(held_, plaintext());
}

}  // namespace tp::engine
