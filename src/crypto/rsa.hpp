// RSA for the first token.place's envelope: 2,048 to 8,192 bits in steps of 256, or one bit less. Any thread:
// a const key may be used by several at once. A private operation takes about a millisecond and making a key
// up to seconds: on a worker, not on the event loop. Randomness is OpenSSL's own (paddings, key generation,
// blinding). A relay links rsa_public_key only. Refused: decrypting with a verdict on the padding that a
// branch could tell (decrypt() never fails), signatures, other kinds of keys, encrypted PEM.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "crypto/constant_time.hpp"
#include "crypto/evp_key.hpp"

namespace tp::crypto {

// OAEP with SHA-256, MGF1 with SHA-256 and an empty label (RFC 8017 section 7.1), or PKCS#1 v1.5
// (section 7.2).
enum class rsa_padding { oaep, pkcs1 };

class rsa_public_key {
 public:
  // SubjectPublicKeyInfo (RFC 5280). invalid_argument: not one, with anything before or after it, not RSA, a
  // modulus of another size or even, an exponent that is even, below 3 or above 2^32. too_large: more text
  // than any such key has.
  static result<rsa_public_key> from_pem(std::string_view pem);
  static result<rsa_public_key> from_der(bytes_view der);

  // 64 columns and a final newline, as OpenSSL writes it.
  std::string pem() const;
  std::size_t modulus_bytes() const noexcept { return modulus_bytes_; }

  // modulus_bytes() bytes. too_large: the message does not fit (OAEP leaves modulus - 66 bytes, v1.5 - 11).
  result<bytes> encrypt(rsa_padding padding, bytes_view message) const;

 private:
  rsa_public_key(evp_key key, std::size_t modulus_bytes);

  evp_key key_;
  std::size_t modulus_bytes_;
};

// Both readings of one ciphertext, for a message whose length is known beforehand. Combine the masks without
// a branch; `rejected` is what to go on with when neither is good: 32 bytes that look random and are always
// the same for this key and ciphertext, so that a caller need not show which it was (implicit rejection).
struct rsa_readings {
  ct_mask oaep_good = ct_no;
  ct_mask pkcs1_good = ct_no;
  secret_key oaep;
  secret_key pkcs1;
  secret_key rejected;
};

class rsa_key {
 public:
  // Exponent 65537. `bits` is one of the sizes above (asserted).
  static rsa_key generate(std::size_t bits);
  // PKCS#8 or PKCS#1, with any line ends and with or without the last; checked through (some 10 ms and more).
  // key_file_invalid for everything else.
  static result<rsa_key> from_pem(const secret_key& pem);

  // PKCS#8.
  secret_key pem() const;
  const rsa_public_key& public_key() const noexcept { return public_; }
  std::size_t modulus_bytes() const noexcept { return public_.modulus_bytes(); }

  // Always does the same work. A shorter ciphertext is read as if zeros stood before it; a longer one, or one
  // not below the modulus, yields no good reading.
  rsa_readings decrypt(bytes_view ciphertext, std::size_t message_bytes) const;

 private:
  rsa_key(evp_key key, rsa_public_key public_key);
  static result<rsa_key> checked(evp_key key);
  secret_key private_operation(bytes_view block) const;

  evp_key key_;
  rsa_public_key public_;
  bytes modulus_;
  secret_key rejection_seed_;
};

}  // namespace tp::crypto
