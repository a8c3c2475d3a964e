#include "crypto/ed25519.hpp"

#include <openssl/evp.h>

#include "base/assert.hpp"
#include "crypto/evp_key.hpp"

namespace tp::crypto {

namespace {

constexpr std::size_t seed_bytes = 32;

evp_key private_key(bytes_view seed) {
  evp_key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  TP_ASSERT(key != nullptr);
  return key;
}

}  // namespace

ed25519_key ed25519_key::generate(random_source& random) {
  std::array<std::uint8_t, seed_bytes> seed{};
  random.fill(seed);
  result<ed25519_key> key = from_seed(seed);
  wipe(seed.data(), seed.size());
  return std::move(key).value();
}

result<ed25519_key> ed25519_key::from_seed(bytes_view seed) {
  if (seed.size() != seed_bytes) return errc::invalid_argument;
  const evp_key key = private_key(seed);
  ed25519_key out;
  out.seed_ = secret_key(seed);
  std::size_t size = out.public_key_.size();
  const int done = EVP_PKEY_get_raw_public_key(key.get(), out.public_key_.data(), &size);
  TP_ASSERT(done == 1 && size == out.public_key_.size());
  return out;
}

ed25519_signature ed25519_key::sign(bytes_view message) const {
  const evp_key key = private_key(seed_.reveal());
  const evp_digest_context context(EVP_MD_CTX_new());
  TP_ASSERT(context != nullptr);
  ed25519_signature out{};
  std::size_t size = out.size();
  const bool good = EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                    EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1;
  TP_ASSERT(good && size == out.size());
  return out;
}

ed25519_key ed25519_key::copy() const {
  ed25519_key out;
  out.seed_ = secret_key(seed_.reveal());
  out.public_key_ = public_key_;
  return out;
}

bool ed25519_verify(std::span<const std::uint8_t, 32> public_key, bytes_view message, bytes_view signature) {
  if (signature.size() != sizeof(ed25519_signature)) return false;
  const evp_key key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()));
  const evp_digest_context context(EVP_MD_CTX_new());
  if (key == nullptr || context == nullptr) return false;
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace tp::crypto
