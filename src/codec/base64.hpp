// Base64 (RFC 4648): the padded standard alphabet of the sealed API, and the unpadded URL alphabet of
// multibase. Pure functions, any thread; time and memory linear in the input. Decoders are canonical: what
// decodes encodes again to the same text. They refuse white space, missing or extra padding, the other
// alphabet and non-zero bits after the last byte.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tp::codec {

std::string base64_encode(bytes_view data);
// Fails with invalid_base64.
result<bytes> base64_decode(std::string_view text);

// Without padding (RFC 4648 section 5).
std::string base64url_encode(bytes_view data);
// Fails with invalid_base64.
result<bytes> base64url_decode(std::string_view text);

}  // namespace tp::codec
