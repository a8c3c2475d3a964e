// Owners of OpenSSL key objects. Included by this folder's .cpp files only: it brings OpenSSL's headers.
#pragma once

#include <openssl/evp.h>

#include <memory>

namespace tp::crypto {

struct evp_key_free {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using evp_key = std::unique_ptr<EVP_PKEY, evp_key_free>;

struct evp_key_context_free {
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
using evp_key_context = std::unique_ptr<EVP_PKEY_CTX, evp_key_context_free>;

struct evp_digest_context_free {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using evp_digest_context = std::unique_ptr<EVP_MD_CTX, evp_digest_context_free>;

}  // namespace tp::crypto
