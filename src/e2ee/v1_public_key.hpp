// RSA public keys as the first token.place's programs write them in JSON. Pure, any thread. Refused: private
// keys, more than one key, text around it (line ends excepted).
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "crypto/rsa.hpp"

namespace tp::e2ee {

// base64 of a whole PEM text (what programs send), the PEM text itself, or base64 of the DER.
// invalid_argument: none of these, or a key rsa_public_key refuses. too_large.
result<crypto::rsa_public_key> parse_v1_public_key(std::string_view text);

// base64 of the PEM text; 604 characters for 2,048 bits.
std::string v1_public_key_text(const crypto::rsa_public_key& key);

}  // namespace tp::e2ee
