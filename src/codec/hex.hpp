// Hexadecimal, lower case. For vectors, fingerprints and file hashes.
// Pure functions, any thread. The decoder is canonical: it refuses upper case, odd lengths and separators.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tp::codec {

std::string hex_encode(bytes_view data);
// Fails with invalid_hex.
result<bytes> hex_decode(std::string_view text);

}  // namespace tp::codec
