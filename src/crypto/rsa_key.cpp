#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "crypto/hash.hpp"
#include "crypto/rsa.hpp"
#include "crypto/rsa_unpad.hpp"

namespace tp::crypto {

namespace {

struct bn_wipe {
  void operator()(BIGNUM* number) const noexcept { BN_clear_free(number); }
};

// Big-endian, `size` bytes; empty when the key has no such number.
bytes parameter(const evp_key& key, const char* name, std::size_t size) {
  BIGNUM* found = nullptr;
  EVP_PKEY_get_bn_param(key.get(), name, &found);
  const std::unique_ptr<BIGNUM, bn_wipe> number(found);
  bytes out(size);
  if (number == nullptr || BN_bn2binpad(number.get(), out.data(), static_cast<int>(size)) < 0) return {};
  return out;
}

result<rsa_public_key> public_part(const evp_key& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  if (size <= 0) return errc::key_file_invalid;
  auto part = rsa_public_key::from_der({der, static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return part;
}

}  // namespace

rsa_key::rsa_key(evp_key key, rsa_public_key public_key)
    : key_(std::move(key)), public_(std::move(public_key)) {
  const std::size_t size = public_.modulus_bytes();
  modulus_ = parameter(key_, OSSL_PKEY_PARAM_RSA_N, size);
  const secret_key exponent(parameter(key_, OSSL_PKEY_PARAM_RSA_D, size));
  TP_ASSERT(!modulus_.empty() && !exponent.empty());
  rejection_seed_ = secret_key(bytes_view(sha256(exponent.reveal())));
}

result<rsa_key> rsa_key::checked(evp_key key) {
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_RSA) return errc::key_file_invalid;
  result<rsa_public_key> part = public_part(key);  // looks at the sizes, before anything slow
  if (!part) return errc::key_file_invalid;
  const evp_key_context context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  TP_ASSERT(context != nullptr);
  // A key whose parts do not fit each other gives itself away with every answer.
  if (EVP_PKEY_check(context.get()) != 1) return errc::key_file_invalid;
  return rsa_key(std::move(key), std::move(*part));
}

rsa_key rsa_key::generate(std::size_t bits) {
  TP_ASSERT(bits >= limits::rsa_bits_min && bits <= limits::rsa_bits_max &&
            bits % limits::rsa_bits_step == 0);
  evp_key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
  TP_ASSERT(key != nullptr);
  result<rsa_public_key> part = public_part(key);
  TP_ASSERT(part.has_value());
  return rsa_key(std::move(key), std::move(*part));
}

result<rsa_key> rsa_key::from_pem(const secret_key& pem) { return checked(private_key_from_pem(pem)); }

secret_key rsa_key::pem() const { return private_key_to_pem(key_); }

// Without padding: what OpenSSL would say about a padding is never asked for. Zeros when it fails, which no
// block that is below the modulus makes it do.
secret_key rsa_key::private_operation(bytes_view block) const {
  bytes out(block.size());
  const evp_key_context context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  TP_ASSERT(context != nullptr);
  std::size_t size = out.size();
  const bool done = EVP_PKEY_decrypt_init(context.get()) == 1 &&
                    EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1 &&
                    EVP_PKEY_decrypt(context.get(), out.data(), &size, block.data(), block.size()) == 1 &&
                    size == out.size();
  if (!done) std::ranges::fill(out, std::uint8_t{0});
  return secret_key(std::move(out));
}

rsa_readings rsa_key::decrypt(bytes_view ciphertext, std::size_t message_bytes) const {
  const std::size_t size = modulus_bytes();
  bytes block(size);
  if (ciphertext.size() <= size) std::ranges::copy(ciphertext, block.end() - std::ssize(ciphertext));
  // The sender knows this verdict already: size and modulus are public. The work is done all the same.
  const bool possible = ciphertext.size() <= size && std::ranges::lexicographical_compare(block, modulus_);
  if (!possible) {
    std::ranges::fill(block, std::uint8_t{0});
    block.back() = 2;
  }
  const secret_key opened = private_operation(block);
  unpadded oaep = unpad_oaep(opened.reveal(), message_bytes);
  unpadded pkcs1 = unpad_pkcs1(opened.reveal(), message_bytes);
  const ct_mask usable = possible ? ct_yes : ct_no;

  // In the manner of draft-irtf-cfrg-rsa-guidance: a key of the private exponent, then the ciphertext.
  digest seed = hmac_sha256(rejection_seed_.reveal(), possible ? bytes_view(block) : ciphertext);
  digest rejected = hmac_sha256(seed, as_bytes("token.place v1 rejected key"));
  rsa_readings out{oaep.good & usable, pkcs1.good & usable, std::move(oaep.message), std::move(pkcs1.message),
                   secret_key(bytes_view(rejected))};
  wipe(seed.data(), seed.size());
  wipe(rejected.data(), rejected.size());
  return out;
}

}  // namespace tp::crypto
