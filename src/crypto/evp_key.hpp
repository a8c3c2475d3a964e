// Owners of OpenSSL's key objects, for this folder's .cpp files, and private keys from and to PEM. The types
// stay opaque here.
#pragma once

#include <memory>

#include "base/secret.hpp"

struct bio_st;           // BIO
struct evp_md_ctx_st;    // EVP_MD_CTX
struct evp_pkey_ctx_st;  // EVP_PKEY_CTX
struct evp_pkey_st;      // EVP_PKEY

namespace tp::crypto {

struct evp_free {
  void operator()(bio_st* bio) const noexcept;
  void operator()(evp_pkey_st* key) const noexcept;
  void operator()(evp_pkey_ctx_st* context) const noexcept;
  void operator()(evp_md_ctx_st* context) const noexcept;
};
using bio_ptr = std::unique_ptr<bio_st, evp_free>;
using evp_key = std::unique_ptr<evp_pkey_st, evp_free>;
using evp_key_context = std::unique_ptr<evp_pkey_ctx_st, evp_free>;
using evp_digest_context = std::unique_ptr<evp_md_ctx_st, evp_free>;

// To be given to whatever reads PEM: OpenSSL would ask at the terminal for the password of an encrypted one.
int no_password(char* buffer, int size, int writing, void* context);

// Reads from `text`, which must outlive it; at most 2 GiB (asserted).
bio_ptr bio_over(bytes_view text);
// What was written into a memory BIO; valid until it is used again.
bytes_view bio_content(bio_st* bio);

// The first private key in the text, PKCS#8 or the kind's older form; null when there is none.
evp_key private_key_from_pem(const secret_key& pem);
secret_key private_key_to_pem(const evp_key& key);  // PKCS#8

}  // namespace tp::crypto
