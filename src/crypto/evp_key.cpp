#include "crypto/evp_key.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <limits>

#include "base/assert.hpp"

namespace tp::crypto {

void evp_free::operator()(bio_st* bio) const noexcept { BIO_free(bio); }
void evp_free::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }
void evp_free::operator()(evp_pkey_ctx_st* context) const noexcept { EVP_PKEY_CTX_free(context); }
void evp_free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

int no_password(char*, int, int, void*) { return -1; }

bio_ptr bio_over(bytes_view text) {
  TP_ASSERT(text.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  bio_ptr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  TP_ASSERT(bio != nullptr);
  return bio;
}

bytes_view bio_content(bio_st* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return as_bytes({text, static_cast<std::size_t>(size)});
}

evp_key private_key_from_pem(const secret_key& pem) {
  if (pem.empty()) return nullptr;
  const bio_ptr bio = bio_over(pem.reveal());
  return evp_key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
}

secret_key private_key_to_pem(const evp_key& key) {
  const bio_ptr bio(BIO_new(BIO_s_secmem()));  // wipes what it held
  TP_ASSERT(bio != nullptr);
  const int done = PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  TP_ASSERT(done == 1);
  return secret_key(bio_content(bio.get()));
}

}  // namespace tp::crypto
