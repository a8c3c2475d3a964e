// No input throws; what parses is written as text that parses again, and to the same unless it holds a
// double, whose last digit the library does not keep (it writes every double with an E).
#include "codec/json.hpp"

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "codec/utf8.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const std::string_view input = as_chars({data, size});
  const auto value = codec::parse_json(input);
  if (!value) return 0;
  TP_ASSERT(codec::valid_utf8(input));
  const std::string text = codec::to_text(*value);
  const auto again = codec::parse_json(text);
  TP_ASSERT(again);
  if (text.find('E') == std::string::npos) TP_ASSERT(codec::to_text(*again) == text);
  if (const auto* object = value->if_object()) {
    codec::find_string(*object, "a");
    codec::find_object(*object, "a");
    codec::find_array(*object, "a");
    codec::find_integer(*object, "a");
    codec::find_number(*object, "a");
    codec::find_bool(*object, "a");
  }
  return 0;
}
