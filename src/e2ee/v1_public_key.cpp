#include "e2ee/v1_public_key.hpp"

#include "base/limits.hpp"
#include "codec/base64.hpp"

namespace tp::e2ee {

namespace {

bool looks_like_pem(std::string_view text) { return text.starts_with("-----BEGIN"); }

}  // namespace

result<crypto::rsa_public_key> parse_v1_public_key(std::string_view text) {
  if (text.size() > (limits::rsa_pem_bytes_max + 2) / 3 * 4) return errc::too_large;
  if (looks_like_pem(text)) return crypto::rsa_public_key::from_pem(text);
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const result<bytes> decoded = codec::base64_decode(text);
  if (!decoded) return errc::invalid_argument;
  if (looks_like_pem(as_chars(*decoded))) return crypto::rsa_public_key::from_pem(as_chars(*decoded));
  return crypto::rsa_public_key::from_der(*decoded);
}

std::string v1_public_key_text(const crypto::rsa_public_key& key) {
  return codec::base64_encode(as_bytes(key.pem()));
}

}  // namespace tp::e2ee
