// What client, relay and node agree on without a key: media types, labels, the 7-byte header, key lists and
// padding (E2EE sections 4, 6 and 7). Pure functions and values; any thread. Linked by the relay, so nothing
// here opens or seals anything.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "crypto/aead.hpp"
#include "crypto/x25519.hpp"

namespace tp::e2ee {

// How a message is enveloped; a response has the form of its request. We send chunked; whole is RFC 9458.
enum class form { chunked, whole };

std::string_view request_media_type(form f);
std::string_view response_media_type(form f);
std::string_view request_label(form f);   // goes into HPKE's info
std::string_view response_label(form f);  // exporter context
// The form a Content-Type names: upper and lower case alike, parameters ignored. nullopt: neither of the two.
std::optional<form> request_form(std::string_view content_type);
std::optional<form> response_form(std::string_view content_type);

inline constexpr std::string_view key_list_media_type = "application/ohttp-keys";
inline constexpr std::string_view sealed_authority = "node.token.place";
inline constexpr std::uint16_t kem_x25519 = 0x0020;
inline constexpr std::uint16_t kdf_hkdf_sha256 = 0x0001;
inline constexpr std::size_t enc_bytes = 32;

// hdr of E2EE section 6. Numbers as they came; whether they are offered is the key's business.
inline constexpr std::size_t suite_header_bytes = 7;
struct suite_header {
  std::uint8_t key_id = 0;
  std::uint16_t kem = kem_x25519;
  std::uint16_t kdf = kdf_hkdf_sha256;
  std::uint16_t aead = 0;
};
std::array<std::uint8_t, suite_header_bytes> write_suite_header(const suite_header& header);
suite_header read_suite_header(std::span<const std::uint8_t, suite_header_bytes> from);
// info = request label || 00 || hdr
bytes request_info(form f, const suite_header& header);

// One usable key configuration: X25519, HKDF-SHA256 and the AEADs we know, in the order listed.
struct key_config {
  std::uint8_t key_id = 0;
  crypto::x25519_public public_key{};
  std::vector<crypto::aead_id> aeads;
  bool operator==(const key_config&) const = default;
};
// The AEADs a node offers, in this order.
std::vector<crypto::aead_id> offered_aeads();
bytes write_key_list(const std::vector<key_config>& configs);
// The usable configurations of a list, at least one. Unknown KEMs and pairs are stepped over. bad_ohttp_keys:
// anything malformed anywhere, nothing usable, or over 4,096 bytes.
result<std::vector<key_config>> parse_key_list(bytes_view list);

// What a client seals to: the first usable configuration, and AES-256-GCM whenever it is listed.
struct key_choice {
  std::uint8_t key_id = 0;
  crypto::x25519_public public_key{};
  crypto::aead_id aead = crypto::aead_id::aes_256_gcm;
  bool operator==(const key_choice&) const = default;
};
result<key_choice> choose_key(bytes_view list);

// Padded size of a message of `length` bytes (E2EE section 7, "Padding").
std::size_t bucket(std::size_t length);

}  // namespace tp::e2ee
