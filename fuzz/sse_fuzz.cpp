// Server-sent events: any slicing gives the same events, each is bounded, and an event written is read back.
// The first byte chooses the slice.
#include "codec/sse.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/assert.hpp"

namespace {

using namespace tp;
constexpr std::size_t bound = 64;

std::vector<std::string> parse(bytes_view input, std::size_t slice, errc& error) {
  std::vector<std::string> events;
  codec::sse_parser parser(bound);
  for (std::size_t at = 0; at < input.size(); at += slice) {
    const bytes_view piece = input.subspan(at, std::min(slice, input.size() - at));
    const auto pushed = parser.push(piece, [&](bytes_view data) {
      TP_ASSERT(data.size() <= bound);
      events.emplace_back(as_chars(data));
    });
    if (!pushed) {
      error = to_errc(pushed.error());
      break;
    }
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bytes_view input(data + 1, size - 1);
  errc whole_error = errc::ok;
  errc cut_error = errc::ok;
  const auto whole = parse(input, input.size() + 1, whole_error);
  const auto cut = parse(input, 1U + data[0] % 32U, cut_error);
  TP_ASSERT(whole == cut && whole_error == cut_error);

  std::string text;
  for (const std::string& event : whole) codec::write_sse_event(text, event);
  std::vector<std::string> again;
  codec::sse_parser parser;
  const auto keep = [&](bytes_view event) { again.emplace_back(as_chars(event)); };
  TP_ASSERT(parser.push(as_bytes(text), keep).has_value());
  TP_ASSERT(again == whole);
  return 0;
}
