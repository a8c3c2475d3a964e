#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <optional>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "crypto/rsa.hpp"

namespace tp::crypto {

namespace {

struct bn_free {
  void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
using bn_ptr = std::unique_ptr<BIGNUM, bn_free>;

// One element of DER (X.690), taken off the front: its content. Read by hand, since OpenSSL's decoders take
// as long for a key as unwrapping with one does, and every request brings a key.
std::optional<bytes_view> take(bytes_view& from, std::uint8_t tag) {
  if (from.size() < 2 || from[0] != tag) return std::nullopt;
  std::size_t size = from[1];
  std::size_t head = 2;
  if (size >= 0x80) {
    const std::size_t digits = size - 0x80;
    if (digits == 0 || digits > 2 || from.size() < head + digits) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < digits; ++i) size = size << 8 | from[head + i];
    if (size < (digits == 1 ? 0x80U : 0x100U)) return std::nullopt;  // a shorter form exists
    head += digits;
  }
  if (from.size() - head < size) return std::nullopt;
  const bytes_view content = from.subspan(head, size);
  from = from.subspan(head + size);
  return content;
}

// A positive INTEGER in its shortest form; null otherwise.
bn_ptr take_number(bytes_view& from) {
  const std::optional<bytes_view> content = take(from, 0x02);
  if (!content || content->empty() || content->front() >= 0x80) return nullptr;
  if (content->front() == 0 && (content->size() == 1 || (*content)[1] < 0x80)) return nullptr;
  return bn_ptr(BN_bin2bn(content->data(), static_cast<int>(content->size()), nullptr));
}

struct numbers {
  bn_ptr modulus;
  bn_ptr exponent;
};

// SubjectPublicKeyInfo ::= SEQUENCE { algorithm, BIT STRING { SEQUENCE { modulus, exponent } } }
numbers numbers_of(bytes_view der) {
  // SEQUENCE { rsaEncryption, NULL } (RFC 8017 appendix A.1)
  static constexpr std::uint8_t rsa_encryption[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                    0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
  std::optional<bytes_view> info = take(der, 0x30);
  if (!info || !der.empty()) return {};
  const std::optional<bytes_view> algorithm = take(*info, 0x30);
  if (!algorithm || !std::ranges::equal(*algorithm, rsa_encryption)) return {};
  const std::optional<bytes_view> bits = take(*info, 0x03);
  if (!bits || !info->empty() || bits->empty() || bits->front() != 0) return {};
  bytes_view inside = bits->subspan(1);
  std::optional<bytes_view> key = take(inside, 0x30);
  if (!key || !inside.empty()) return {};
  numbers out;
  out.modulus = take_number(*key);
  out.exponent = take_number(*key);
  return key->empty() ? std::move(out) : numbers{};
}

bool usable_modulus(const BIGNUM& modulus) {
  // JSEncrypt multiplies two primes of 1,024 bits and calls it 2,048, which is one short more often than not.
  const auto bits = (static_cast<std::size_t>(BN_num_bits(&modulus)) + 1) / 2 * 2;
  return bits >= limits::rsa_bits_min && bits <= limits::rsa_bits_max && bits % limits::rsa_bits_step == 0 &&
         BN_is_odd(&modulus) == 1;
}

// 3 to 2^32: what is above costs a stranger's key holder nothing and us a private operation's time.
bool usable_exponent(const BIGNUM& exponent) {
  return BN_is_odd(&exponent) == 1 && BN_num_bits(&exponent) <= 32 && BN_is_one(&exponent) == 0;
}

evp_key made_of(const numbers& from) {
  struct free_builder {
    void operator()(OSSL_PARAM_BLD* builder) const noexcept { OSSL_PARAM_BLD_free(builder); }
    void operator()(OSSL_PARAM* parameters) const noexcept { OSSL_PARAM_free(parameters); }
  };
  const std::unique_ptr<OSSL_PARAM_BLD, free_builder> builder(OSSL_PARAM_BLD_new());
  const evp_key_context context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  TP_ASSERT(builder != nullptr && context != nullptr);
  const bool pushed = OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, from.modulus.get()) == 1 &&
                      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, from.exponent.get()) == 1;
  const std::unique_ptr<OSSL_PARAM, free_builder> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  TP_ASSERT(pushed && parameters != nullptr);
  EVP_PKEY* key = nullptr;
  const bool made = EVP_PKEY_fromdata_init(context.get()) == 1 &&
                    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1;
  TP_ASSERT(made);
  return evp_key(key);
}

std::string_view without_end_spaces(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

// Between the lines of PEM (RFC 7468); nullopt when there is more than base64, as in an encrypted one.
std::optional<bytes> der_of_pem(std::string_view text) {
  const bio_ptr bio = bio_over(as_bytes(text));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) return std::nullopt;
  std::optional<bytes> der;
  if (*header == 0) der.emplace(data, data + size);
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return der;
}

}  // namespace

rsa_public_key::rsa_public_key(evp_key key, std::size_t modulus_bytes)
    : key_(std::move(key)), modulus_bytes_(modulus_bytes) {}

result<rsa_public_key> rsa_public_key::from_pem(std::string_view pem) {
  if (pem.size() > limits::rsa_pem_bytes_max) return errc::too_large;
  // OpenSSL skips whatever stands before and after.
  const std::string_view text = without_end_spaces(pem);
  constexpr std::string_view begin = "-----BEGIN PUBLIC KEY-----";
  constexpr std::string_view end = "-----END PUBLIC KEY-----";
  const bool one_key = text.size() > begin.size() + end.size() && text.starts_with(begin) &&
                       text.find(end) == text.size() - end.size();
  if (!one_key) return errc::invalid_argument;
  const std::optional<bytes> der = der_of_pem(text);
  if (!der) return errc::invalid_argument;
  return from_der(*der);
}

result<rsa_public_key> rsa_public_key::from_der(bytes_view der) {
  if (der.size() > limits::rsa_pem_bytes_max) return errc::too_large;
  const numbers found = numbers_of(der);
  if (found.modulus == nullptr || found.exponent == nullptr) return errc::invalid_argument;
  if (!usable_modulus(*found.modulus) || !usable_exponent(*found.exponent)) return errc::invalid_argument;
  return rsa_public_key(made_of(found), static_cast<std::size_t>(BN_num_bytes(found.modulus.get())));
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
