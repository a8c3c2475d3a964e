#include "crypto/key_file.hpp"

#include <openssl/evp.h>

#include "base/assert.hpp"
#include "crypto/evp_key.hpp"
#include "crypto/private_file.hpp"

namespace tp::crypto {

namespace {

constexpr std::size_t key_file_bytes_max = 4'096;  // a PKCS#8 Ed25519 key has 119; room for comments

result<ed25519_key> from_pem(const secret_key& pem) {
  const evp_key key = private_key_from_pem(pem);
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) return errc::key_file_invalid;
  std::array<std::uint8_t, 32> seed{};
  std::size_t size = seed.size();
  if (EVP_PKEY_get_raw_private_key(key.get(), seed.data(), &size) != 1) return errc::key_file_invalid;
  result<ed25519_key> identity = ed25519_key::from_seed(bytes_view(seed).first(size));
  wipe(seed.data(), seed.size());
  return identity;
}

secret_key to_pem(const ed25519_key& identity) {
  const bytes_view seed = identity.seed().reveal();
  const evp_key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  TP_ASSERT(key != nullptr);
  return private_key_to_pem(key);
}

}  // namespace

result<ed25519_key> load_identity(const std::filesystem::path& file) {
  result<secret_key> pem = read_private_file(file, key_file_bytes_max);
  if (!pem) return pem.error();
  return from_pem(*pem);
}

result<ed25519_key> load_or_create_identity(const std::filesystem::path& file, random_source& random) {
  result<ed25519_key> existing = load_identity(file);
  if (existing.has_value() || to_errc(existing.error()) != errc::file_not_found) return existing;
  const ed25519_key fresh = ed25519_key::generate(random);
  const secret_key pem = to_pem(fresh);
  const result<created> outcome = create_private_file(file, pem.reveal(), random);
  if (!outcome) return outcome.error();
  return load_identity(file);  // ours, or that of the process that was quicker
}

}  // namespace tp::crypto
