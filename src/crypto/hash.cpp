#include "crypto/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/assert.hpp"
#include "base/secret.hpp"

namespace tp::crypto {

digest sha256(bytes_view data) {
  digest out{};
  unsigned int size = 0;
  const int done = EVP_Digest(data.data(), data.size(), out.data(), &size, EVP_sha256(), nullptr);
  TP_ASSERT(done == 1 && size == out.size());
  return out;
}

digest hmac_sha256(bytes_view key, bytes_view data) {
  static constexpr std::uint8_t none = 0;  // HMAC() takes a null key for "the one before"
  digest out{};
  unsigned int size = 0;
  const std::uint8_t* key_data = key.empty() ? &none : key.data();
  const std::uint8_t* done =
      HMAC(EVP_sha256(), key_data, static_cast<int>(key.size()), data.data(), data.size(), out.data(), &size);
  TP_ASSERT(done != nullptr && size == out.size());
  return out;
}

digest hkdf_extract(bytes_view salt, bytes_view ikm) { return hmac_sha256(salt, ikm); }

void hkdf_expand(bytes_view prk, bytes_view info, bytes_span out) {
  constexpr std::size_t block = sizeof(digest);
  TP_ASSERT(out.size() <= 255 * block);
  bytes input;
  input.reserve(block + info.size() + 1);
  digest t{};
  std::uint8_t number = 0;
  while (!out.empty()) {
    input.clear();
    if (number > 0) append(input, t);
    append(input, info);
    input.push_back(++number);
    t = hmac_sha256(prk, input);
    const std::size_t part = std::min(out.size(), block);
    std::copy_n(t.begin(), part, out.begin());
    out = out.subspan(part);
  }
  wipe(t.data(), t.size());
  wipe(input.data(), input.size());
}

bool equal_in_constant_time(bytes_view a, bytes_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tp::crypto
