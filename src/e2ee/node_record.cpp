#include "e2ee/node_record.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "codec/base64.hpp"
#include "e2ee/record_json.hpp"

namespace tp::e2ee {

namespace {

bytes signed_bytes(bytes_view record) {
  bytes out = to_bytes("token.place/node-record/1\n");
  append(out, record);
  return out;
}

errc check_lifetime(const record_times& times) {
  const std::int64_t lifetime = times.expires - times.issued;
  return lifetime > 0 && lifetime <= limits::record_lifetime_max_s ? errc::ok : errc::bad_lifetime;
}

errc check_clock(const record_times& times, unix_seconds now) {
  if (times.issued > now + limits::record_skew_s) return errc::not_yet_valid;
  return times.expires > now - limits::record_skew_s ? errc::ok : errc::expired;
}

errc check_last(const record_times& times, bytes_view record, const last_record* last) {
  if (last == nullptr || times.seq > last->seq) return errc::ok;
  const bool same = times.seq == last->seq && std::ranges::equal(record, last->record);
  return same ? errc::ok : errc::seq_rollback;
}

// Steps 4 to 7: the bytes are the peer's own.
result<record_fields> read_authentic(bytes_view record, const codec::peer_id& peer,
                                     const record_check& check) {
  const result<json::object> object = read_record_object(record, peer);
  if (!object) return object.error();
  const result<record_times> times = read_times(*object);
  if (!times) return times.error();
  for (const errc failure :
       {check_lifetime(*times), check_clock(*times, check.now), check_last(*times, record, check.last)})
    if (failure != errc::ok) return failure;
  return read_fields(*object, *times);
}

}  // namespace

result<signed_record> sign_record(const record_fields& fields, const crypto::ed25519_key& identity) {
  const codec::peer_id peer = codec::peer_id::from_public_key(identity.public_key());
  bytes record = to_bytes(write_record_json(fields, peer));
  if (record.size() > limits::record_bytes_max) return errc::record_too_large;
  record_check check;
  check.now = fields.issued;
  const result<record_fields> readable = read_authentic(record, peer, check);
  if (!readable) return readable.error();
  const crypto::ed25519_signature signature = identity.sign(signed_bytes(record));
  return signed_record{peer, std::move(record), signature};
}

json::object to_json(const signed_record& record) {
  json::object out;
  out["peer_id"] = record.peer.text();
  out["record"] = codec::base64_encode(record.record);
  out["signature"] = codec::base64_encode(record.signature);
  return out;
}

result<verified_record> verified_record::verify(const json::value& outer, const record_check& check) {
  const json::object* object = outer.if_object();
  if (object == nullptr) return errc::record_malformed;
  const json::string* record = codec::find_string(*object, "record");
  const json::string* signature = codec::find_string(*object, "signature");
  if (record == nullptr || signature == nullptr) return errc::record_malformed;
  const json::string* id = codec::find_string(*object, "peer_id");
  if (id == nullptr) return errc::bad_peer_id;
  const result<codec::peer_id> peer = codec::peer_id::parse(codec::text_of(*id));
  if (!peer) return peer.error();
  return verify(*peer, codec::text_of(*record), codec::text_of(*signature), check);
}

result<verified_record> verified_record::verify(const codec::peer_id& peer, std::string_view record_base64,
                                                std::string_view signature_base64,
                                                const record_check& check) {
  if (check.pin && peer != *check.pin) return errc::peer_id_mismatch;
  if (record_base64.size() > limits::record_text_max) return errc::record_too_large;
  result<bytes> record = codec::base64_decode(record_base64);
  if (!record) return errc::record_malformed;
  if (record->size() > limits::record_bytes_max) return errc::record_too_large;
  const result<bytes> signature = codec::base64_decode(signature_base64);
  if (!signature) return errc::record_malformed;
  if (!crypto::ed25519_verify(peer.public_key(), signed_bytes(*record), *signature))
    return errc::bad_signature;
  // Only now is anything parsed.
  result<record_fields> fields = read_authentic(*record, peer, check);
  if (!fields) return fields.error();
  crypto::ed25519_signature kept{};
  std::ranges::copy(*signature, kept.begin());
  return verified_record(signed_record{peer, std::move(*record), kept}, std::move(*fields));
}

bool verified_record::serves(std::string_view model) const {
  return std::ranges::any_of(fields_.models, [model](const model_entry& entry) { return entry.id == model; });
}

}  // namespace tp::e2ee
