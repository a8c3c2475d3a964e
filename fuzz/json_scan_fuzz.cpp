// The cursor that looks into answers: no input makes it read outside or loop, and every JSON text that the
// parser takes is one value to it, with the same members in the same order.
#include "openai/json_scan.hpp"

#include <string>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "codec/json.hpp"

namespace {

using namespace tp;

// Counts what it meets; members and items are stepped over in turn.
std::size_t walk(openai::json_cursor& at, std::string_view text) {
  TP_ASSERT(at.position() <= text.size());
  std::size_t values = 1;
  if (at.peek() == '{') {
    at.each_member([&](std::string_view key) {
      const char* const end = text.data() + text.size();
      TP_ASSERT(key.empty() || (key.data() > text.data() && key.data() + key.size() < end));
      values += walk(at, text);
    });
  } else if (at.peek() == '[') {
    at.each_item([&] { values += walk(at, text); });
  } else {
    at.skip_value();
  }
  TP_ASSERT(at.position() <= text.size());
  return values;
}

// Repeated names count once in a parsed object, so there may be more values in the text.
std::size_t count(const json::value& value) {
  std::size_t values = 1;
  if (const auto* object = value.if_object())
    for (const auto& member : *object) values += count(member.value());
  if (const auto* array = value.if_array())
    for (const auto& item : *array) values += count(item);
  return values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_chars({data, size});
  openai::json_cursor whole(text), piecemeal(text);
  whole.skip_value();
  const std::size_t values = walk(piecemeal, text);
  TP_ASSERT(whole.failed() == piecemeal.failed());
  TP_ASSERT(whole.failed() || whole.position() == piecemeal.position());
  const auto parsed = codec::parse_json(text);
  if (!parsed) return 0;
  TP_ASSERT(!whole.failed() && whole.position() == text.size() && whole.peek() == '\0');
  TP_ASSERT(values >= count(*parsed));
  return 0;
}
