#include "crypto/x25519.hpp"

#include <openssl/evp.h>

#include "base/assert.hpp"
#include "crypto/evp_key.hpp"

namespace tp::crypto {

namespace {

constexpr std::size_t key_bytes = 32;

evp_key private_key(bytes_view secret) {
  evp_key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.data(), secret.size()));
  TP_ASSERT(key != nullptr);
  return key;
}

x25519_key with_public_key(bytes_view secret) {
  const evp_key key = private_key(secret);
  x25519_key out{secret_key(secret), {}};
  std::size_t size = out.public_key.size();
  const int done = EVP_PKEY_get_raw_public_key(key.get(), out.public_key.data(), &size);
  TP_ASSERT(done == 1 && size == key_bytes);
  return out;
}

}  // namespace

x25519_key x25519_key::generate(random_source& random) {
  std::array<std::uint8_t, key_bytes> secret{};
  random.fill(secret);
  x25519_key out = with_public_key(secret);
  wipe(secret.data(), secret.size());
  return out;
}

result<x25519_key> x25519_key::from_secret(bytes_view secret) {
  if (secret.size() != key_bytes) return errc::invalid_argument;
  return with_public_key(secret);
}

x25519_key x25519_key::copy() const { return {secret_key(secret.reveal()), public_key}; }

result<secret_key> x25519(const secret_key& secret, std::span<const std::uint8_t, 32> public_key) {
  if (secret.size() != key_bytes) return errc::invalid_argument;
  const evp_key own = private_key(secret.reveal());
  const evp_key peer(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, public_key.data(), public_key.size()));
  const evp_key_context context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.get(), nullptr));
  TP_ASSERT(peer != nullptr && context != nullptr);
  const bool ready = EVP_PKEY_derive_init(context.get()) == 1 &&
                     EVP_PKEY_derive_set_peer_ex(context.get(), peer.get(), 0) == 1;
  TP_ASSERT(ready);
  bytes shared(key_bytes);
  std::size_t size = shared.size();
  const int derived = EVP_PKEY_derive(context.get(), shared.data(), &size);
  // OpenSSL fails on an all-zero result. It is looked at again here, over all bytes, in case another provider
  // does not.
  std::uint8_t any = 0;
  for (const std::uint8_t byte : shared) any = static_cast<std::uint8_t>(any | byte);
  if (derived != 1 || size != key_bytes || any == 0) {
    wipe(shared.data(), shared.size());
    return errc::bad_enc;
  }
  return secret_key(std::move(shared));
}

}  // namespace tp::crypto
