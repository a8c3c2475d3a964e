// RSA keys and their two paddings. The table of blocks that must be refused is e2ee's, in envelope-v1.json.
#include "crypto/rsa.hpp"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <algorithm>

#include "crypto/rsa_unpad.hpp"

namespace tp::crypto {
namespace {

const rsa_key& shared_key() {
  static const rsa_key key = rsa_key::generate(2048);
  return key;
}

struct bn_free {
  void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
using number = std::unique_ptr<BIGNUM, bn_free>;

bytes der_of(const evp_key& key) {
  unsigned char* data = nullptr;
  const int size = i2d_PUBKEY(key.get(), &data);
  bytes out(data, data + std::max(size, 0));
  OPENSSL_free(data);
  return out;
}

// A public key of any two numbers: nothing shows in it that nobody has the private one.
bytes public_der(int bits, std::uint64_t exponent, int modulus_end = 1) {
  const number modulus(BN_new());
  const number e(BN_new());
  BN_rand(modulus.get(), bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
  if (modulus_end == 0) BN_clear_bit(modulus.get(), 0);
  BN_set_word(e.get(), exponent);
  OSSL_PARAM_BLD* const builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e.get());
  OSSL_PARAM* const parameters = OSSL_PARAM_BLD_to_param(builder);
  const evp_key_context context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* made = nullptr;
  EVP_PKEY_fromdata_init(context.get());
  EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(builder);
  return der_of(evp_key(made));
}

std::string armoured(std::string_view der_base64, std::string_view label) {
  return "-----BEGIN " + std::string(label) + "-----\n" + std::string(der_base64) + "\n-----END " +
         std::string(label) + "-----\n";
}

errc reading(std::string_view pem) {
  const auto key = rsa_public_key::from_pem(pem);
  return key ? errc::ok : to_errc(key.error());
}

errc reading_private(std::string_view pem) {
  const auto key = rsa_key::from_pem(secret_key(as_bytes(pem)));
  return key ? errc::ok : to_errc(key.error());
}

TEST(rsa, each_padding_is_read_as_itself_only) {
  const bytes message(44, std::uint8_t{'m'});
  for (const rsa_padding padding : {rsa_padding::oaep, rsa_padding::pkcs1}) {
    const bytes sealed = shared_key().public_key().encrypt(padding, message).value();
    const rsa_readings read = shared_key().decrypt(sealed, 44);
    EXPECT_EQ(read.oaep_good, padding == rsa_padding::oaep ? ct_yes : ct_no);
    EXPECT_EQ(read.pkcs1_good, padding == rsa_padding::pkcs1 ? ct_yes : ct_no);
    const secret_key& opened = padding == rsa_padding::oaep ? read.oaep : read.pkcs1;
    EXPECT_TRUE(std::ranges::equal(opened.reveal(), message));
    for (const std::size_t other : {43U, 45U}) {
      const rsa_readings wrong = shared_key().decrypt(sealed, other);
      EXPECT_EQ(wrong.oaep_good | wrong.pkcs1_good, ct_no) << other;
    }
  }
}

TEST(rsa, a_rejected_ciphertext_has_a_key_of_its_own_that_stays) {
  const rsa_key other = rsa_key::generate(2048);
  const bytes one(256, std::uint8_t{1});
  const bytes two(256, std::uint8_t{2});
  const auto rejected = [](const rsa_key& key, bytes_view ciphertext) {
    const rsa_readings read = key.decrypt(ciphertext, 44);
    EXPECT_EQ(read.oaep_good | read.pkcs1_good, ct_no);
    EXPECT_EQ(read.rejected.size(), 32U);
    return to_bytes(read.rejected.reveal());
  };
  EXPECT_EQ(rejected(shared_key(), one), rejected(shared_key(), one));
  EXPECT_NE(rejected(shared_key(), one), rejected(shared_key(), two));
  EXPECT_NE(rejected(shared_key(), one), rejected(other, one));
  EXPECT_NE(rejected(shared_key(), bytes(257)), rejected(shared_key(), bytes(300)));
  // The same key read again rejects the same way: a restart must not show.
  const rsa_key again = rsa_key::from_pem(shared_key().pem()).value();
  EXPECT_EQ(rejected(shared_key(), one), rejected(again, one));
}

TEST(rsa, unpads_pkcs1_of_exactly_the_given_length) {
  struct row {
    const char* what;
    std::size_t at;
    std::uint8_t value;
    bool good;
  };
  // 64 bytes: 00 02, 50 of filler, 00, 11 of message.
  const row rows[] = {{"as it should be", 2, 0xff, true},
                      {"first byte", 0, 1, false},
                      {"block type", 1, 1, false},
                      {"block type 0", 1, 0, false},
                      {"zero first in filler", 2, 0, false},
                      {"zero last in filler", 51, 0, false},
                      {"no zero", 52, 1, false},
                      {"a zero in the message", 60, 0, true}};
  for (const row& r : rows) {
    bytes block(64, std::uint8_t{9});
    block[0] = 0;
    block[1] = 2;
    block[52] = 0;
    block[r.at] = r.value;
    const unpadded read = unpad_pkcs1(block, 11);
    EXPECT_EQ(read.good, r.good ? ct_yes : ct_no) << r.what;
    EXPECT_TRUE(std::ranges::equal(read.message.reveal(), bytes_view(block).last(11))) << r.what;
  }
}

TEST(rsa, refuses_messages_that_do_not_fit) {
  const rsa_public_key& key = shared_key().public_key();
  EXPECT_TRUE(key.encrypt(rsa_padding::oaep, bytes(190)).has_value());
  EXPECT_EQ(key.encrypt(rsa_padding::oaep, bytes(191)).error(), errc::too_large);
  EXPECT_TRUE(key.encrypt(rsa_padding::pkcs1, bytes(245)).has_value());
  EXPECT_EQ(key.encrypt(rsa_padding::pkcs1, bytes(246)).error(), errc::too_large);
}

TEST(rsa, public_keys_are_bounded) {
  struct row {
    int bits;
    std::uint64_t exponent;
    int modulus_end;
    errc verdict;
  };
  const row rows[] = {{2048, 65537, 1, errc::ok},
                      {2304, 3, 1, errc::ok},
                      {8192, 4294967295, 1, errc::ok},
                      {1024, 65537, 1, errc::invalid_argument},
                      {1792, 65537, 1, errc::invalid_argument},
                      {2047, 65537, 1, errc::ok},
                      {2046, 65537, 1, errc::invalid_argument},
                      {8191, 65537, 1, errc::ok},
                      {2049, 65537, 1, errc::invalid_argument},
                      {8448, 65537, 1, errc::invalid_argument},
                      {2048, 1, 1, errc::invalid_argument},
                      {2048, 2, 1, errc::invalid_argument},
                      {2048, 65536, 1, errc::invalid_argument},
                      {2048, 4294967297, 1, errc::invalid_argument},
                      {2048, 65537, 0, errc::invalid_argument}};
  for (const row& r : rows) {
    const auto key = rsa_public_key::from_der(public_der(r.bits, r.exponent, r.modulus_end));
    EXPECT_EQ(key ? errc::ok : to_errc(key.error()), r.verdict) << r.bits << " bits, exponent " << r.exponent;
  }
}

TEST(rsa, public_keys_are_der_without_a_rest) {
  bytes der = public_der(2048, 65537);
  EXPECT_TRUE(rsa_public_key::from_der(der).has_value());
  for (std::size_t size = 0; size < der.size(); size += 7)
    EXPECT_EQ(rsa_public_key::from_der(bytes_view(der).first(size)).error(), errc::invalid_argument) << size;
  der.push_back(0);
  EXPECT_EQ(rsa_public_key::from_der(der).error(), errc::invalid_argument);
  EXPECT_EQ(rsa_public_key::from_der(bytes(4'097)).error(), errc::too_large);
  const evp_key curve(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  EXPECT_EQ(rsa_public_key::from_der(der_of(curve)).error(), errc::invalid_argument);
}

TEST(rsa, public_pem_is_one_key_alone) {
  const std::string pem = shared_key().public_key().pem();
  EXPECT_EQ(rsa_public_key::from_pem(pem).value().pem(), pem);
  std::string windows;
  for (const char c : pem) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(reading(windows), errc::ok);
  EXPECT_EQ(reading(pem.substr(0, pem.size() - 1)), errc::ok);
  EXPECT_EQ(reading("\n" + pem + "\r\n"), errc::ok);
  EXPECT_EQ(reading(""), errc::invalid_argument);
  EXPECT_EQ(reading("words " + pem), errc::invalid_argument);
  EXPECT_EQ(reading(pem + "words"), errc::invalid_argument);
  EXPECT_EQ(reading(pem + pem), errc::invalid_argument);
  EXPECT_EQ(reading(armoured("MIIB", "PUBLIC KEY")), errc::invalid_argument);
  const std::string body = pem.substr(27, pem.size() - 27 - 26);
  EXPECT_EQ(reading(armoured(body, "PUBLIC KEY")), errc::ok);
  EXPECT_EQ(reading(armoured(body, "RSA PUBLIC KEY")), errc::invalid_argument);
  // An encrypted one would make OpenSSL ask at the terminal.
  const std::string encrypted =
      "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n";
  EXPECT_EQ(reading(armoured(encrypted + body, "PUBLIC KEY")), errc::invalid_argument);
  EXPECT_EQ(reading(pem + std::string(4'096, '\n')), errc::too_large);
}

TEST(rsa, private_pem_in_both_forms_and_any_line_ends) {
  const secret_key pem = shared_key().pem();
  const std::string text(pem.reveal_text());
  EXPECT_TRUE(text.starts_with("-----BEGIN PRIVATE KEY-----\n"));
  EXPECT_EQ(rsa_key::from_pem(pem).value().public_key().pem(), shared_key().public_key().pem());
  const bio_ptr in = bio_over(pem.reveal());
  const evp_key key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr));
  const bio_ptr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey_traditional(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  const std::string old(as_chars(bio_content(out.get())));
  ASSERT_TRUE(old.starts_with("-----BEGIN RSA PRIVATE KEY-----"));
  for (const std::string& form : {text, old}) {
    std::string windows;
    for (const char c : form) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
    EXPECT_EQ(reading_private(form), errc::ok);
    EXPECT_EQ(reading_private(windows), errc::ok);
    EXPECT_EQ(reading_private(form.substr(0, form.size() - 1)), errc::ok);
  }
}

TEST(rsa, refuses_other_private_keys) {
  EXPECT_EQ(reading_private(""), errc::key_file_invalid);
  EXPECT_EQ(reading_private(shared_key().public_key().pem()), errc::key_file_invalid);
  struct row {
    const char* type;
    const char* curve;
    std::size_t bits;
  };
  for (const row& r : {row{"EC", "P-256", 0}, row{"ED25519", nullptr, 0}, row{"RSA", nullptr, 1024},
                       row{"RSA", nullptr, 2050}}) {
    const evp_key key(r.curve != nullptr ? EVP_PKEY_Q_keygen(nullptr, nullptr, r.type, r.curve)
                                         : EVP_PKEY_Q_keygen(nullptr, nullptr, r.type, r.bits));
    ASSERT_NE(key, nullptr);
    const secret_key pem = private_key_to_pem(key);
    EXPECT_EQ(reading_private(pem.reveal_text()), errc::key_file_invalid) << r.type << ' ' << r.bits;
  }
  // A character in the middle lies in a prime or the private exponent: the parts fit no longer.
  const secret_key pem = shared_key().pem();
  std::string text(pem.reveal_text());
  const std::size_t middle = text.size() / 2;
  text[middle] = text[middle] == 'A' ? 'B' : 'A';
  EXPECT_EQ(reading_private(text), errc::key_file_invalid);
}

}  // namespace
}  // namespace tp::crypto
