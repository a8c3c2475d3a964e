#include "crypto/evp_key.hpp"

#include <openssl/evp.h>

namespace tp::crypto {

void evp_free::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }
void evp_free::operator()(evp_pkey_ctx_st* context) const noexcept { EVP_PKEY_CTX_free(context); }
void evp_free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

}  // namespace tp::crypto
