// The signed record by which a node says who it is and what it serves (E2EE section 2).
// A verified_record exists only if every check passed; directory, client and relay take that type and nothing
// weaker. Values; any thread. Clock, pin and last accepted record are the caller's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "codec/json.hpp"
#include "codec/peer_id.hpp"
#include "crypto/ed25519.hpp"

namespace tp::e2ee {

struct model_entry {
  std::string id;                   // 1 … 128 bytes
  std::int64_t context_length = 0;  // tokens
  std::vector<std::string> capabilities;
};

struct record_fields {
  std::int64_t seq = 0;  // grows with every new record; max(last + 1, unix milliseconds) is a good choice
  unix_seconds issued = 0;
  unix_seconds expires = 0;
  std::string name;                           // for display: escape it
  bytes ohttp_keys;                           // a key list
  std::optional<std::string> rsa_public_key;  // PEM, for version 1 clients
  std::vector<model_entry> models;
  std::int64_t max_concurrency = 0;
};

struct signed_record {
  codec::peer_id peer;
  bytes record;  // exactly what was signed
  crypto::ed25519_signature signature{};
};
// Builds and signs. Fails as verification would: field_invalid, bad_lifetime, bad_ohttp_keys,
// record_too_large.
result<signed_record> sign_record(const record_fields& fields, const crypto::ed25519_key& identity);
// {"peer_id", "record", "signature"}
json::object to_json(const signed_record& record);

// The newest record a verifier has accepted for a peer.
struct last_record {
  std::int64_t seq = 0;
  bytes record;
};

struct record_check {
  unix_seconds now = 0;
  std::optional<codec::peer_id> pin;  // the peer the caller insists on
  const last_record* last = nullptr;  // may be absent
};

class verified_record {
 public:
  // `outer` is the object {"peer_id", "record", "signature"}, other members ignored. The first check that
  // fails, in the order of E2EE section 2, names the error. Nothing inside is parsed before the signature is
  // good.
  static result<verified_record> verify(const json::value& outer, const record_check& check);
  // The same from its parts; for the relay, where the session has proven the peer.
  static result<verified_record> verify(const codec::peer_id& peer, std::string_view record_base64,
                                        std::string_view signature_base64, const record_check& check);

  const codec::peer_id& peer() const noexcept { return signed_.peer; }
  const record_fields& fields() const noexcept { return fields_; }
  bytes_view raw() const noexcept { return signed_.record; }
  bool serves(std::string_view model) const;
  last_record as_last() const { return {fields_.seq, signed_.record}; }
  // {"peer_id", "record", "signature"}, the texts as they came.
  json::object to_json() const { return e2ee::to_json(signed_); }

 private:
  verified_record(signed_record from, record_fields fields)
      : signed_(std::move(from)), fields_(std::move(fields)) {}
  signed_record signed_;
  record_fields fields_;
};

}  // namespace tp::e2ee
