// The first token.place's envelope as JSON carries it: five base64 texts and a mode. Pure, any thread. What
// is refused here is public (anybody can see that it is not base64), so the failures have names; whatever
// needs the key is open_v1's single failure, wrong sizes of IV, tag and cipherkey among it.
#pragma once

#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "codec/json.hpp"

namespace tp::e2ee {

enum class v1_mode { cbc, gcm };

struct v1_envelope {
  v1_mode mode = v1_mode::cbc;
  bytes ciphertext;
  bytes cipherkey;        // empty in later chunks of a stream
  bytes iv;               // 16 bytes, GCM 12
  bytes tag;              // GCM: 16 bytes
  bytes associated_data;  // GCM
};

// Empty: absent.
struct v1_fields {
  std::string_view ciphertext = {};
  std::string_view cipherkey = {};
  std::string_view iv = {};
  std::string_view mode = {};  // CBC or GCM in any case; absent: GCM when there is a tag, else CBC
  std::string_view tag = {};
  std::string_view associated_data = {};
};

// `ciphertext_bytes_max`: v1_request_bytes_max or v1_answer_bytes_max. invalid_base64 (strict, with padding);
// too_large; field_invalid: an unknown mode, or a tag or associated data in CBC, which would not be looked
// at.
result<v1_envelope> parse_v1(const v1_fields& fields, std::size_t ciphertext_bytes_max);
// The name of the first field that is not base64; empty when all are. For API v1's message about it.
std::string_view v1_field_not_base64(const v1_fields& fields);

// The member with the ciphertext: chat_history on the relay's routes.
enum class v1_body { ciphertext, chat_history };
// Absent and null members are empty; field_invalid when one is no string. Views live as long as `from`.
result<v1_fields> v1_fields_of(const json::object& from, v1_body body);
// Sets the members that are not empty; `mode` only for GCM.
void put_v1(const v1_envelope& envelope, v1_body body, json::object& to);

}  // namespace tp::e2ee
