// Takes the padding off a block that an RSA private operation yielded, for a message of known length, in a
// time that depends on the two sizes only. Pure, any thread. rsa_key::decrypt is the caller; apart from it so
// that blocks no encryption makes can be tested.
#pragma once

#include "base/secret.hpp"
#include "crypto/constant_time.hpp"

namespace tp::crypto {

struct unpadded {
  ct_mask good = ct_no;
  secret_key message;  // of the length asked for, whatever `good` says
};

// RFC 8017 section 7.1.2 step 3, with SHA-256 and an empty label. The block is long enough for such a message
// (asserted: both sizes are ours).
unpadded unpad_oaep(bytes_view block, std::size_t message_bytes);
// RFC 8017 section 7.2.2 step 3.
unpadded unpad_pkcs1(bytes_view block, std::size_t message_bytes);

}  // namespace tp::crypto
