// X25519 (RFC 7748). Free functions and a key pair; any thread. Secrets are secret_key: wiped, unprintable.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace tp::crypto {

using x25519_public = std::array<std::uint8_t, 32>;

struct x25519_key {
  secret_key secret;
  x25519_public public_key{};

  static x25519_key generate(random_source& random);
  // `secret` has 32 bytes, else invalid_argument. Clamping happens inside the multiplication (RFC 7748
  // section 5).
  static result<x25519_key> from_secret(bytes_view secret);
  x25519_key copy() const;
};

// The shared secret, 32 bytes. bad_enc when it is all zero (a point of low order), told without a branch on
// secret bytes. The top bit of the public key is ignored, as RFC 7748 demands.
result<secret_key> x25519(const secret_key& secret, std::span<const std::uint8_t, 32> public_key);

}  // namespace tp::crypto
