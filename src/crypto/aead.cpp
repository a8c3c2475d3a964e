#include "crypto/aead.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>

#include "base/assert.hpp"
#include "base/secret.hpp"

namespace tp::crypto {

namespace {

// Fetched once: EVP_aes_256_gcm() would look the provider up again with every key.
const EVP_CIPHER* cipher_of(aead_id id) {
  static const EVP_CIPHER* const aes_128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static const EVP_CIPHER* const aes_256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  static const EVP_CIPHER* const chacha = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  switch (id) {
    case aead_id::aes_128_gcm:
      return aes_128;
    case aead_id::aes_256_gcm:
      return aes_256;
    case aead_id::chacha20_poly1305:
      return chacha;
  }
  return nullptr;
}

int checked_size(std::size_t size) {
  TP_ASSERT(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  return static_cast<int>(size);
}

}  // namespace

void aead_key::context_free::operator()(evp_cipher_ctx_st* context) const noexcept {
  EVP_CIPHER_CTX_free(context);
}

aead_key::aead_key(aead_id id, bytes_view key, aead_use use) : context_(EVP_CIPHER_CTX_new()), use_(use) {
  TP_ASSERT(context_ != nullptr && key.size() == aead_key_bytes(id));
  const int encrypt = use == aead_use::seal ? 1 : 0;
  const int done = EVP_CipherInit_ex2(context_.get(), cipher_of(id), key.data(), nullptr, encrypt, nullptr);
  TP_ASSERT(done == 1);
}

aead_key::~aead_key() = default;
aead_key::aead_key(aead_key&&) noexcept = default;
aead_key& aead_key::operator=(aead_key&&) noexcept = default;

void aead_key::seal(const aead_nonce& nonce, bytes_view aad, bytes_view in, bytes_span out) {
  TP_ASSERT(use_ == aead_use::seal && out.size() == in.size() + aead_tag_bytes);
  EVP_CIPHER_CTX* const context = context_.get();
  int written = 0;
  bool good = EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1;
  if (good && !aad.empty())
    good = EVP_EncryptUpdate(context, nullptr, &written, aad.data(), checked_size(aad.size())) == 1;
  if (good && !in.empty())
    good = EVP_EncryptUpdate(context, out.data(), &written, in.data(), checked_size(in.size())) == 1;
  std::uint8_t* const tag = out.data() + in.size();
  good = good && EVP_EncryptFinal_ex(context, tag, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(aead_tag_bytes), tag) == 1;
  TP_ASSERT(good);  // sealing has no reason to fail but memory
}

result<void> aead_key::open(const aead_nonce& nonce, bytes_view aad, bytes_view in, bytes_span out) {
  TP_ASSERT(use_ == aead_use::open);
  if (in.size() < aead_tag_bytes) {
    wipe(out.data(), out.size());
    return errc::decrypt_failed;
  }
  const std::size_t size = in.size() - aead_tag_bytes;
  TP_ASSERT(out.size() == size);
  EVP_CIPHER_CTX* const context = context_.get();
  std::array<std::uint8_t, aead_tag_bytes> tag{};
  std::copy(in.end() - aead_tag_bytes, in.end(), tag.begin());
  int written = 0;
  bool good = EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1;
  if (good && !aad.empty())
    good = EVP_DecryptUpdate(context, nullptr, &written, aad.data(), checked_size(aad.size())) == 1;
  if (good && size > 0)
    good = EVP_DecryptUpdate(context, out.data(), &written, in.data(), checked_size(size)) == 1;
  std::array<std::uint8_t, aead_tag_bytes> rest{};  // Final writes nothing for these ciphers
  good = good &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(aead_tag_bytes), tag.data()) ==
             1 &&
         EVP_DecryptFinal_ex(context, rest.data(), &written) == 1;
  if (good) return {};
  wipe(out.data(), out.size());
  return errc::decrypt_failed;
}

aead_sequence::aead_sequence(aead_id id, bytes_view key, const aead_nonce& base, aead_use use)
    : key_(id, key, use), base_(base) {}

aead_nonce aead_sequence::next_nonce() {
  TP_ASSERT(number_ < std::numeric_limits<std::uint64_t>::max());
  aead_nonce nonce = base_;
  for (std::size_t i = 0; i < 8; ++i)
    nonce[aead_nonce_bytes - 1 - i] ^= static_cast<std::uint8_t>(number_ >> (8 * i));
  ++number_;
  return nonce;
}

void aead_sequence::seal(bytes_view aad, bytes_view in, bytes_span out) {
  key_.seal(next_nonce(), aad, in, out);
}

result<void> aead_sequence::open(bytes_view aad, bytes_view in, bytes_span out) {
  if (failed_) {
    wipe(out.data(), out.size());
    return errc::decrypt_failed;
  }
  result<void> opened = key_.open(next_nonce(), aad, in, out);
  failed_ = opened.has_error();
  return opened;
}

}  // namespace tp::crypto
