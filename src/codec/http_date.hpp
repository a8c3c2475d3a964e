// HTTP dates, the one form we write and read: IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section
// 5.6.7). Pure functions. Refused: the obsolete forms, a wrong weekday, a day its month lacks, leap seconds,
// years outside 1970 … 9999.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace tp::codec {

// Always 29 characters. Times outside the years 1970 … 9999 give the nearest end.
std::string http_date(unix_seconds time);

// date_invalid for anything but the exact form.
result<unix_seconds> parse_http_date(std::string_view text);

}  // namespace tp::codec
