// HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256) with HKDF-SHA256 and any aead_id. E2EE section 5 is
// the text. A sender or receiver belongs to one message: it is set up, used in order, and dropped. One thread
// at a time. Refused: other modes, other KEMs, sealing in the receiver's direction. The relay must not link
// this file.
#pragma once

#include <array>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "crypto/aead.hpp"
#include "crypto/hash.hpp"
#include "crypto/x25519.hpp"

namespace tp::crypto {

inline constexpr std::uint16_t hpke_kem_x25519 = 0x0020;
inline constexpr std::uint16_t hpke_kdf_sha256 = 0x0001;
using hpke_enc = std::array<std::uint8_t, 32>;

// What a set-up yields. Kept apart so that tests can compare every stage with published values.
struct hpke_schedule {
  secret_key key;
  aead_nonce base_nonce{};
  secret_key exporter;
};
hpke_schedule hpke_key_schedule(aead_id aead, const secret_key& shared, bytes_view info);
// ExtractAndExpand of DHKEM: 32 bytes from the X25519 result.
secret_key hpke_kem_secret(const secret_key& dh, bytes_view enc, bytes_view public_key);

class hpke_sender {
 public:
  // Takes 32 bytes from `random` for the ephemeral key. bad_enc: the recipient's key is a point of low order.
  static result<hpke_sender> make(std::span<const std::uint8_t, 32> recipient, aead_id aead, bytes_view info,
                                  random_source& random);
  const hpke_enc& enc() const noexcept { return enc_; }
  // Numbers 0, 1, …, in order.
  aead_sequence& sequence() noexcept { return sequence_; }
  // RFC 9180 section 5.3; `label` is the exporter context.
  secret_key export_secret(bytes_view label, std::size_t length) const;

 private:
  hpke_sender(aead_id aead, const hpke_enc& enc, hpke_schedule schedule);
  aead_id aead_;
  hpke_enc enc_;
  secret_key exporter_;
  aead_sequence sequence_;
};

class hpke_receiver {
 public:
  // bad_enc: the shared point is zero.
  static result<hpke_receiver> make(const x25519_key& recipient, std::span<const std::uint8_t, 32> enc,
                                    aead_id aead, bytes_view info);
  aead_sequence& sequence() noexcept { return sequence_; }
  secret_key export_secret(bytes_view label, std::size_t length) const;

 private:
  hpke_receiver(aead_id aead, hpke_schedule schedule);
  aead_id aead_;
  secret_key exporter_;
  aead_sequence sequence_;
};

}  // namespace tp::crypto
