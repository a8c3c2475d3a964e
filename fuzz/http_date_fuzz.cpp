// Canonical both ways: a date that is read is written the same, and every time in range survives the round
// trip.
#include "codec/http_date.hpp"

#include <cstring>

#include "base/assert.hpp"
#include "base/bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const std::string_view text = as_chars({data, size});
  if (const auto time = codec::parse_http_date(text)) TP_ASSERT(codec::http_date(*time) == text);
  if (size >= sizeof(unix_seconds)) {
    unix_seconds time = 0;
    std::memcpy(&time, data, sizeof time);
    const std::string written = codec::http_date(time);
    const auto again = codec::parse_http_date(written);
    TP_ASSERT(again.has_value() && codec::http_date(*again) == written);
    if (time >= 0 && time <= 253'402'300'799) TP_ASSERT(*again == time);
  }
  return 0;
}
