#include "e2ee/wire.hpp"

#include <algorithm>
#include <bit>
#include <span>

#include "base/limits.hpp"

namespace tp::e2ee {

namespace {

bool same_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    const char small = a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a;
    return small == b;
  });
}

std::string_view without_parameters(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!type.empty() && blank(type.front())) type.remove_prefix(1);
  while (!type.empty() && blank(type.back())) type.remove_suffix(1);
  return type;
}

std::optional<form> form_named(std::string_view content_type, std::string_view (*media_type)(form)) {
  const std::string_view type = without_parameters(content_type);
  for (const form f : {form::chunked, form::whole})
    if (same_ignoring_case(type, media_type(f))) return f;
  return std::nullopt;
}

void put_u16(bytes& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::uint16_t u16_at(bytes_view from, std::size_t at) {
  return static_cast<std::uint16_t>(from[at] << 8 | from[at + 1]);
}

std::optional<crypto::aead_id> known_aead(std::uint16_t kdf, std::uint16_t aead) {
  if (kdf != kdf_hkdf_sha256) return std::nullopt;
  for (const crypto::aead_id id : offered_aeads())
    if (static_cast<std::uint16_t>(id) == aead) return id;
  return std::nullopt;
}

constexpr std::size_t config_head_bytes = 3;  // key_id, kem_id
constexpr std::size_t pair_bytes = 4;

// nullopt: to be stepped over.
result<std::optional<key_config>> parse_config(bytes_view config) {
  if (config.size() < config_head_bytes) return errc::bad_ohttp_keys;
  if (u16_at(config, 1) != kem_x25519) return std::optional<key_config>();
  constexpr std::size_t pairs_at = config_head_bytes + sizeof(crypto::x25519_public) + 2;
  if (config.size() < pairs_at + pair_bytes) return errc::bad_ohttp_keys;
  const std::size_t length = u16_at(config, pairs_at - 2);
  if (length != config.size() - pairs_at || length % pair_bytes != 0) return errc::bad_ohttp_keys;
  key_config out;
  out.key_id = config[0];
  std::ranges::copy(config.subspan(config_head_bytes, out.public_key.size()), out.public_key.begin());
  for (std::size_t at = pairs_at; at < config.size(); at += pair_bytes)
    if (const auto id = known_aead(u16_at(config, at), u16_at(config, at + 2))) out.aeads.push_back(*id);
  if (out.aeads.empty()) return std::optional<key_config>();
  return std::optional<key_config>(std::move(out));
}

}  // namespace

std::string_view request_media_type(form f) {
  return f == form::chunked ? "message/ohttp-chunked-req" : "message/ohttp-req";
}

std::string_view response_media_type(form f) {
  return f == form::chunked ? "message/ohttp-chunked-res" : "message/ohttp-res";
}

std::string_view request_label(form f) {
  return f == form::chunked ? "message/bhttp chunked request" : "message/bhttp request";
}

std::string_view response_label(form f) {
  return f == form::chunked ? "message/bhttp chunked response" : "message/bhttp response";
}

std::optional<form> request_form(std::string_view content_type) {
  return form_named(content_type, request_media_type);
}

std::optional<form> response_form(std::string_view content_type) {
  return form_named(content_type, response_media_type);
}

std::array<std::uint8_t, suite_header_bytes> write_suite_header(const suite_header& header) {
  const auto high = [](std::uint16_t value) { return static_cast<std::uint8_t>(value >> 8); };
  const auto low = [](std::uint16_t value) { return static_cast<std::uint8_t>(value); };
  return {header.key_id,   high(header.kem),  low(header.kem), high(header.kdf),
          low(header.kdf), high(header.aead), low(header.aead)};
}

suite_header read_suite_header(std::span<const std::uint8_t, suite_header_bytes> from) {
  return {from[0], u16_at(from, 1), u16_at(from, 3), u16_at(from, 5)};
}

bytes request_info(form f, const suite_header& header) {
  bytes info = to_bytes(request_label(f));
  info.push_back(0);
  append(info, write_suite_header(header));
  return info;
}

std::vector<crypto::aead_id> offered_aeads() {
  return {crypto::aead_id::aes_256_gcm, crypto::aead_id::aes_128_gcm, crypto::aead_id::chacha20_poly1305};
}

bytes write_key_list(const std::vector<key_config>& configs) {
  bytes list;
  for (const key_config& config : configs) {
    bytes one{config.key_id};
    put_u16(one, kem_x25519);
    append(one, config.public_key);
    put_u16(one, static_cast<std::uint16_t>(config.aeads.size() * pair_bytes));
    for (const crypto::aead_id aead : config.aeads) {
      put_u16(one, kdf_hkdf_sha256);
      put_u16(one, static_cast<std::uint16_t>(aead));
    }
    put_u16(list, static_cast<std::uint16_t>(one.size()));
    append(list, one);
  }
  return list;
}

result<std::vector<key_config>> parse_key_list(bytes_view list) {
  if (list.size() > limits::key_list_bytes_max) return errc::bad_ohttp_keys;
  std::vector<key_config> usable;
  while (!list.empty()) {
    if (list.size() < 2) return errc::bad_ohttp_keys;
    const std::size_t size = u16_at(list, 0);
    list = list.subspan(2);
    if (size > list.size()) return errc::bad_ohttp_keys;
    result<std::optional<key_config>> config = parse_config(list.first(size));
    if (!config) return config.error();
    if (config->has_value()) usable.push_back(std::move(**config));
    list = list.subspan(size);
  }
  if (usable.empty()) return errc::bad_ohttp_keys;
  return usable;
}

result<key_choice> choose_key(bytes_view list) {
  const result<std::vector<key_config>> configs = parse_key_list(list);
  if (!configs) return configs.error();
  const key_config& first = configs->front();
  const bool preferred = std::ranges::count(first.aeads, crypto::aead_id::aes_256_gcm) > 0;
  const crypto::aead_id aead = preferred ? crypto::aead_id::aes_256_gcm : first.aeads.front();
  return key_choice{first.key_id, first.public_key, aead};
}

std::size_t bucket(std::size_t length) {
  constexpr std::size_t smallest = 1'024;
  if (length <= smallest) return smallest;
  const std::size_t step = std::bit_floor(length) >> 3;
  return (length + step - 1) / step * step;
}

}  // namespace tp::e2ee
