// Is this UTF-8 (RFC 3629)? Refuses overlong forms, surrogates, values above 10FFFF and a cut last character.
// Pure, any thread, linear.
#pragma once

#include <string_view>

#include "base/bytes.hpp"

namespace tp::codec {

bool valid_utf8(bytes_view data);
inline bool valid_utf8(std::string_view text) { return valid_utf8(as_bytes(text)); }

}  // namespace tp::codec
