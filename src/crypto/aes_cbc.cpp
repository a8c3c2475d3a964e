#include "crypto/aes_cbc.hpp"

#include <openssl/evp.h>

#include <limits>
#include <memory>

#include "base/assert.hpp"

namespace tp::crypto {

namespace {

constexpr std::size_t key_bytes = 32;

struct context_free {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using context_ptr = std::unique_ptr<EVP_CIPHER_CTX, context_free>;

const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return fetched;
}

int checked_size(std::size_t size) {
  TP_ASSERT(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()) - aes_block_bytes);
  return static_cast<int>(size);
}

}  // namespace

bytes aes_256_cbc_seal(bytes_view key, const aes_block& iv, bytes_view in) {
  const context_ptr context(EVP_CIPHER_CTX_new());
  TP_ASSERT(context != nullptr && key.size() == key_bytes);
  bytes out(in.size() / aes_block_bytes * aes_block_bytes + aes_block_bytes);
  int written = 0;
  int rest = 0;
  bool good = EVP_EncryptInit_ex2(context.get(), cipher(), key.data(), iv.data(), nullptr) == 1;
  if (good && !in.empty())
    good = EVP_EncryptUpdate(context.get(), out.data(), &written, in.data(), checked_size(in.size())) == 1;
  good = good && EVP_EncryptFinal_ex(context.get(), out.data() + written, &rest) == 1;
  TP_ASSERT(good && static_cast<std::size_t>(written + rest) == out.size());
  return out;
}

void aes_256_cbc_decipher(bytes_view key, const aes_block& iv, bytes_view in, bytes_span out) {
  const context_ptr context(EVP_CIPHER_CTX_new());
  TP_ASSERT(context != nullptr && key.size() == key_bytes);
  TP_ASSERT(!in.empty() && in.size() % aes_block_bytes == 0 && out.size() == in.size());
  int written = 0;
  const bool good =
      EVP_DecryptInit_ex2(context.get(), cipher(), key.data(), iv.data(), nullptr) == 1 &&
      EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
      EVP_DecryptUpdate(context.get(), out.data(), &written, in.data(), checked_size(in.size())) == 1;
  TP_ASSERT(good && static_cast<std::size_t>(written) == out.size());
}

pkcs7_reading read_pkcs7(bytes_view data) {
  TP_ASSERT(data.size() >= aes_block_bytes);
  const std::uint32_t count = data.back();
  ct_mask good = ct_within(count, 1, aes_block_bytes);
  for (std::uint32_t i = 0; i < aes_block_bytes; ++i) {
    const ct_mask counted = ct_less(i, count);
    const ct_mask same = ct_equal(data[data.size() - 1 - i], count);
    good &= ~counted | same;
  }
  return {good, ct_select(good, count, 0)};
}

}  // namespace tp::crypto
