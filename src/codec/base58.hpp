// Base58 with the Bitcoin alphabet (base58btc), as peer ids use it.
// Pure functions, any thread. The cost grows with the square of the length, so both directions are bounded by
// limits::base58_text_max and limits::base58_bytes_max and refuse more with too_large.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tp::codec {

// Fails with too_large.
result<std::string> base58_encode(bytes_view data);
// Fails with invalid_base58 or too_large. Every text over the alphabet is canonical: one text for one byte
// string.
result<bytes> base58_decode(std::string_view text);

}  // namespace tp::codec
