// Ed25519 (RFC 8032): the identity of a node and of a libp2p host. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace tp::crypto {

using ed25519_public = std::array<std::uint8_t, 32>;
using ed25519_signature = std::array<std::uint8_t, 64>;

class ed25519_key {
 public:
  static ed25519_key generate(random_source& random);
  // `seed` has 32 bytes, else invalid_argument.
  static result<ed25519_key> from_seed(bytes_view seed);

  const ed25519_public& public_key() const noexcept { return public_key_; }
  ed25519_signature sign(bytes_view message) const;
  // The private key itself; for writing a key file.
  const secret_key& seed() const noexcept { return seed_; }
  ed25519_key copy() const;

 private:
  ed25519_key() = default;
  secret_key seed_;
  ed25519_public public_key_{};
};

// RFC 8032 section 5.1.7, with S < L. False too for a signature that is not 64 bytes.
bool ed25519_verify(std::span<const std::uint8_t, 32> public_key, bytes_view message, bytes_view signature);

}  // namespace tp::crypto
