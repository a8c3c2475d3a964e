// Percent-decoding of one path segment or query value (RFC 3986 section 2.1). Pure; any thread.
// "%" without two hexadecimal digits behind it stays as it is; "+" is a plus.
#pragma once

#include <string>
#include <string_view>

namespace tp::codec {

std::string percent_decode(std::string_view text);

}  // namespace tp::codec
