// Authenticated encryption: AES-GCM and ChaCha20-Poly1305 with 12-byte nonces and a 16-byte tag at the end.
// An aead_key keeps its cipher context for its whole life, so a call costs a nonce and the data: it serves
// every Noise frame of a relay. It works in one direction. Owned by one connection or envelope; one thread at
// a time. aead_sequence numbers the nonces itself (HPKE and sealed responses): base XOR 0, 1, 2, …
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "base/error.hpp"

struct evp_cipher_ctx_st;  // OpenSSL's EVP_CIPHER_CTX

namespace tp::crypto {

// The numbers are those of RFC 9180 section 7.3.
enum class aead_id : std::uint16_t { aes_128_gcm = 1, aes_256_gcm = 2, chacha20_poly1305 = 3 };

inline constexpr std::size_t aead_nonce_bytes = 12;
inline constexpr std::size_t aead_tag_bytes = 16;
using aead_nonce = std::array<std::uint8_t, aead_nonce_bytes>;

constexpr std::size_t aead_key_bytes(aead_id id) { return id == aead_id::aes_128_gcm ? 16 : 32; }

enum class aead_use { seal, open };

class aead_key {
 public:
  // `key` has aead_key_bytes(id) bytes (asserted: keys are derived by us).
  aead_key(aead_id id, bytes_view key, aead_use use);
  ~aead_key();
  aead_key(aead_key&&) noexcept;
  aead_key& operator=(aead_key&&) noexcept;

  // Writes ciphertext and tag: out has in.size() + 16 bytes (asserted). `out` may start where `in` does (in
  // place), else the two must not overlap.
  void seal(const aead_nonce& nonce, bytes_view aad, bytes_view in, bytes_span out);

  // `in` is ciphertext and tag; out has in.size() - 16 bytes. In place as above. decrypt_failed for a wrong
  // tag or an input shorter than a tag; `out` is then zero.
  result<void> open(const aead_nonce& nonce, bytes_view aad, bytes_view in, bytes_span out);

 private:
  struct context_free {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_cipher_ctx_st, context_free> context_;
  aead_use use_;
};

// A key with a base nonce that is never used twice: call number i takes base XOR i as 12 bytes big-endian
// (RFC 9180 section 5.2). One failed open ends it: later calls fail too.
class aead_sequence {
 public:
  aead_sequence(aead_id id, bytes_view key, const aead_nonce& base, aead_use use);

  void seal(bytes_view aad, bytes_view in, bytes_span out);
  result<void> open(bytes_view aad, bytes_view in, bytes_span out);
  std::uint64_t next_number() const noexcept { return number_; }

 private:
  aead_nonce next_nonce();

  aead_key key_;
  aead_nonce base_;
  std::uint64_t number_ = 0;
  bool failed_ = false;
};

}  // namespace tp::crypto
