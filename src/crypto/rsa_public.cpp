#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "crypto/rsa.hpp"

namespace tp::crypto {

namespace {

struct bn_free {
  void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
using bn_ptr = std::unique_ptr<BIGNUM, bn_free>;

bn_ptr parameter(const evp_key& key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key.get(), name, &number);
  return bn_ptr(number);
}

bool usable_modulus(const BIGNUM& modulus) {
  const auto bits = static_cast<std::size_t>(BN_num_bits(&modulus));
  return bits >= limits::rsa_bits_min && bits <= limits::rsa_bits_max && bits % limits::rsa_bits_step == 0 &&
         BN_is_odd(&modulus) == 1;
}

// 3 to 2^32: what is above costs a stranger's key holder nothing and us a private operation's time.
bool usable_exponent(const BIGNUM& exponent) {
  return BN_is_odd(&exponent) == 1 && BN_num_bits(&exponent) <= 32 && BN_is_one(&exponent) == 0;
}

std::string_view without_end_spaces(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

}  // namespace

rsa_public_key::rsa_public_key(evp_key key, std::size_t modulus_bytes)
    : key_(std::move(key)), modulus_bytes_(modulus_bytes) {}

result<rsa_public_key> rsa_public_key::checked(evp_key key) {
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_RSA) return errc::invalid_argument;
  const bn_ptr modulus = parameter(key, OSSL_PKEY_PARAM_RSA_N);
  const bn_ptr exponent = parameter(key, OSSL_PKEY_PARAM_RSA_E);
  if (modulus == nullptr || exponent == nullptr) return errc::invalid_argument;
  if (!usable_modulus(*modulus) || !usable_exponent(*exponent)) return errc::invalid_argument;
  return rsa_public_key(std::move(key), static_cast<std::size_t>(BN_num_bytes(modulus.get())));
}

result<rsa_public_key> rsa_public_key::from_pem(std::string_view pem) {
  if (pem.size() > limits::rsa_pem_bytes_max) return errc::too_large;
  // OpenSSL skips whatever stands before and after.
  const std::string_view text = without_end_spaces(pem);
  constexpr std::string_view begin = "-----BEGIN PUBLIC KEY-----";
  constexpr std::string_view end = "-----END PUBLIC KEY-----";
  const bool one_key = text.size() > begin.size() + end.size() && text.starts_with(begin) &&
                       text.find(end) == text.size() - end.size();
  if (!one_key) return errc::invalid_argument;
  const bio_ptr bio = bio_over(as_bytes(text));
  return checked(evp_key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr)));
}

result<rsa_public_key> rsa_public_key::from_der(bytes_view der) {
  if (der.size() > limits::rsa_pem_bytes_max) return errc::too_large;
  const std::uint8_t* at = der.data();
  evp_key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (key != nullptr && at != der.data() + der.size()) return errc::invalid_argument;
  return checked(std::move(key));
}

std::string rsa_public_key::pem() const {
  const bio_ptr bio(BIO_new(BIO_s_mem()));
  TP_ASSERT(bio != nullptr);
  const int done = PEM_write_bio_PUBKEY(bio.get(), key_.get());
  TP_ASSERT(done == 1);
  return std::string(as_chars(bio_content(bio.get())));
}

result<bytes> rsa_public_key::encrypt(rsa_padding padding, bytes_view message) const {
  const std::size_t overhead = padding == rsa_padding::oaep ? 66 : 11;
  if (message.size() > modulus_bytes_ - overhead) return errc::too_large;
  const evp_key_context context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  TP_ASSERT(context != nullptr);
  EVP_PKEY_CTX* const c = context.get();
  bool good = EVP_PKEY_encrypt_init(c) == 1;
  if (padding == rsa_padding::oaep) {
    good = good && EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha256()) == 1;
  } else {
    good = good && EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1;
  }
  bytes out(modulus_bytes_);
  std::size_t size = out.size();
  good = good && EVP_PKEY_encrypt(c, out.data(), &size, message.data(), message.size()) == 1;
  if (!good || size != out.size()) return errc::crypto_failed;
  return out;
}

}  // namespace tp::crypto
