#include "e2ee/envelope_v1_text.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/limits.hpp"
#include "codec/base64.hpp"

namespace tp::e2ee {

namespace {

constexpr std::size_t short_field_bytes_max = 64;  // IV and tag: open_v1 judges the real length

bool same_word(std::string_view text, std::string_view upper) {
  const auto equal = [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; };
  return std::ranges::equal(text, upper, equal);
}

std::optional<v1_mode> mode_of(const v1_fields& fields) {
  if (fields.mode.empty()) return fields.tag.empty() ? v1_mode::cbc : v1_mode::gcm;
  if (same_word(fields.mode, "CBC")) return v1_mode::cbc;
  if (same_word(fields.mode, "GCM")) return v1_mode::gcm;
  return std::nullopt;
}

error_code decode_into(bytes& to, std::string_view text, std::size_t bytes_max) {
  if (text.size() > (bytes_max + 2) / 3 * 4) return errc::too_large;
  result<bytes> decoded = codec::base64_decode(text);
  if (!decoded) return decoded.error();
  if (decoded->size() > bytes_max) return errc::too_large;
  to = std::move(*decoded);
  return {};
}

constexpr std::string_view name_of(v1_body body) {
  return body == v1_body::ciphertext ? "ciphertext" : "chat_history";
}

}  // namespace

result<v1_envelope> parse_v1(const v1_fields& fields, std::size_t ciphertext_bytes_max) {
  const std::optional<v1_mode> mode = mode_of(fields);
  if (!mode) return errc::field_invalid;
  if (*mode == v1_mode::cbc && !(fields.tag.empty() && fields.associated_data.empty()))
    return errc::field_invalid;
  v1_envelope out;
  out.mode = *mode;
  struct part {
    bytes& to;
    std::string_view text;
    std::size_t bytes_max;
  };
  const part parts[] = {{out.cipherkey, fields.cipherkey, limits::rsa_bits_max / 8},
                        {out.iv, fields.iv, short_field_bytes_max},
                        {out.tag, fields.tag, short_field_bytes_max},
                        {out.associated_data, fields.associated_data, limits::v1_associated_data_max},
                        {out.ciphertext, fields.ciphertext, ciphertext_bytes_max}};
  for (const part& p : parts) {
    const error_code failure = decode_into(p.to, p.text, p.bytes_max);
    if (failure) return failure;
  }
  return out;
}

std::string_view v1_field_not_base64(const v1_fields& fields) {
  const std::pair<std::string_view, std::string_view> texts[] = {{"ciphertext", fields.ciphertext},
                                                                 {"cipherkey", fields.cipherkey},
                                                                 {"iv", fields.iv},
                                                                 {"tag", fields.tag},
                                                                 {"associated_data", fields.associated_data}};
  for (const auto& [name, text] : texts)
    if (!codec::base64_decode(text)) return name;
  return {};
}

result<v1_fields> v1_fields_of(const json::object& from, v1_body body) {
  v1_fields out;
  const std::pair<std::string_view, std::string_view&> members[] = {{name_of(body), out.ciphertext},
                                                                    {"cipherkey", out.cipherkey},
                                                                    {"iv", out.iv},
                                                                    {"mode", out.mode},
                                                                    {"tag", out.tag},
                                                                    {"associated_data", out.associated_data}};
  for (const auto& [name, to] : members) {
    const json::value* value = from.if_contains(name);
    if (value == nullptr || value->is_null()) continue;
    const json::string* text = value->if_string();
    if (text == nullptr) return errc::field_invalid;
    to = codec::text_of(*text);
  }
  return out;
}

void put_v1(const v1_envelope& envelope, v1_body body, json::object& to) {
  const auto put = [&to](std::string_view name, const bytes& data) {
    if (!data.empty()) to[name] = codec::base64_encode(data);
  };
  to[name_of(body)] = codec::base64_encode(envelope.ciphertext);
  put("cipherkey", envelope.cipherkey);
  put("iv", envelope.iv);
  if (envelope.mode == v1_mode::cbc) return;
  to["mode"] = "GCM";
  put("tag", envelope.tag);
  put("associated_data", envelope.associated_data);
}

}  // namespace tp::e2ee
