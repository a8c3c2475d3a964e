// Owners of OpenSSL's key objects, for this folder's .cpp files. The types stay opaque here.
#pragma once

#include <memory>

struct evp_md_ctx_st;    // EVP_MD_CTX
struct evp_pkey_ctx_st;  // EVP_PKEY_CTX
struct evp_pkey_st;      // EVP_PKEY

namespace tp::crypto {

struct evp_free {
  void operator()(evp_pkey_st* key) const noexcept;
  void operator()(evp_pkey_ctx_st* context) const noexcept;
  void operator()(evp_md_ctx_st* context) const noexcept;
};
using evp_key = std::unique_ptr<evp_pkey_st, evp_free>;
using evp_key_context = std::unique_ptr<evp_pkey_ctx_st, evp_free>;
using evp_digest_context = std::unique_ptr<evp_md_ctx_st, evp_free>;

}  // namespace tp::crypto
