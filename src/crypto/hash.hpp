// SHA-256, HMAC and HKDF (RFC 5869), and a comparison that takes the same time for every content.
// Free functions without state; any thread. Nothing here fails for a reason the caller could handle.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace tp::crypto {

using digest = std::array<std::uint8_t, 32>;

digest sha256(bytes_view data);
digest hmac_sha256(bytes_view key, bytes_view data);

// RFC 5869 section 2.2. An empty salt means 32 zero bytes. Wipe the answer after use.
digest hkdf_extract(bytes_view salt, bytes_view ikm);

// RFC 5869 section 2.3; fills `out`, at most 255 x 32 bytes (asserted: the length is always ours).
void hkdf_expand(bytes_view prk, bytes_view info, bytes_span out);

// Equal contents, in a time that depends on the sizes only.
bool equal_in_constant_time(bytes_view a, bytes_view b) noexcept;

}  // namespace tp::crypto
