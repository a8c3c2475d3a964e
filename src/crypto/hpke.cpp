#include "crypto/hpke.hpp"

#include <algorithm>
#include <string_view>

namespace tp::crypto {

namespace {

void put_u16(bytes& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

bytes kem_suite() {
  bytes suite = to_bytes("KEM");
  put_u16(suite, hpke_kem_x25519);
  return suite;
}

bytes hpke_suite(aead_id aead) {
  bytes suite = to_bytes("HPKE");
  put_u16(suite, hpke_kem_x25519);
  put_u16(suite, hpke_kdf_sha256);
  put_u16(suite, static_cast<std::uint16_t>(aead));
  return suite;
}

secret_key labeled_extract(bytes_view suite, bytes_view salt, std::string_view label, bytes_view ikm) {
  bytes labeled = to_bytes("HPKE-v1");
  labeled.reserve(labeled.size() + suite.size() + label.size() + ikm.size());
  append(labeled, suite);
  append(labeled, label);
  append(labeled, ikm);
  digest prk = hkdf_extract(salt, labeled);
  wipe(labeled.data(), labeled.size());
  secret_key out{bytes_view(prk)};
  wipe(prk.data(), prk.size());
  return out;
}

secret_key labeled_expand(bytes_view suite, const secret_key& prk, std::string_view label, bytes_view info,
                          std::size_t length) {
  bytes labeled;
  put_u16(labeled, static_cast<std::uint16_t>(length));
  append(labeled, "HPKE-v1");
  append(labeled, suite);
  append(labeled, label);
  append(labeled, info);
  bytes out(length);
  hkdf_expand(prk.reveal(), labeled, out);
  return secret_key(std::move(out));
}

secret_key export_from(aead_id aead, const secret_key& exporter, bytes_view label, std::size_t length) {
  return labeled_expand(hpke_suite(aead), exporter, "sec", label, length);
}

}  // namespace

secret_key hpke_kem_secret(const secret_key& dh, bytes_view enc, bytes_view public_key) {
  const bytes suite = kem_suite();
  const secret_key prk = labeled_extract(suite, {}, "eae_prk", dh.reveal());
  bytes context = to_bytes(enc);  // as sent: the ignored top bit too
  append(context, public_key);
  return labeled_expand(suite, prk, "shared_secret", context, sizeof(digest));
}

hpke_schedule hpke_key_schedule(aead_id aead, const secret_key& shared, bytes_view info) {
  const bytes suite = hpke_suite(aead);
  const secret_key psk_id_hash = labeled_extract(suite, {}, "psk_id_hash", {});
  const secret_key info_hash = labeled_extract(suite, {}, "info_hash", info);
  bytes context{0x00};  // mode base
  append(context, psk_id_hash.reveal());
  append(context, info_hash.reveal());
  const secret_key secret = labeled_extract(suite, shared.reveal(), "secret", {});
  hpke_schedule out;
  out.key = labeled_expand(suite, secret, "key", context, aead_key_bytes(aead));
  const secret_key base = labeled_expand(suite, secret, "base_nonce", context, aead_nonce_bytes);
  std::copy_n(base.reveal().begin(), aead_nonce_bytes, out.base_nonce.begin());
  out.exporter = labeled_expand(suite, secret, "exp", context, sizeof(digest));
  return out;
}

hpke_sender::hpke_sender(aead_id aead, const hpke_enc& enc, hpke_schedule schedule)
    : aead_(aead),
      enc_(enc),
      exporter_(std::move(schedule.exporter)),
      sequence_(aead, schedule.key.reveal(), schedule.base_nonce, aead_use::seal) {}

result<hpke_sender> hpke_sender::make(std::span<const std::uint8_t, 32> recipient, aead_id aead,
                                      bytes_view info, random_source& random) {
  const x25519_key ephemeral = x25519_key::generate(random);
  result<secret_key> dh = x25519(ephemeral.secret, recipient);
  if (!dh) return dh.error();
  const secret_key shared = hpke_kem_secret(*dh, ephemeral.public_key, recipient);
  return hpke_sender(aead, ephemeral.public_key, hpke_key_schedule(aead, shared, info));
}

secret_key hpke_sender::export_secret(bytes_view label, std::size_t length) const {
  return export_from(aead_, exporter_, label, length);
}

hpke_receiver::hpke_receiver(aead_id aead, hpke_schedule schedule)
    : aead_(aead),
      exporter_(std::move(schedule.exporter)),
      sequence_(aead, schedule.key.reveal(), schedule.base_nonce, aead_use::open) {}

result<hpke_receiver> hpke_receiver::make(const x25519_key& recipient, std::span<const std::uint8_t, 32> enc,
                                          aead_id aead, bytes_view info) {
  result<secret_key> dh = x25519(recipient.secret, enc);
  if (!dh) return dh.error();
  const secret_key shared = hpke_kem_secret(*dh, enc, recipient.public_key);
  return hpke_receiver(aead, hpke_key_schedule(aead, shared, info));
}

secret_key hpke_receiver::export_secret(bytes_view label, std::size_t length) const {
  return export_from(aead_, exporter_, label, length);
}

}  // namespace tp::crypto
