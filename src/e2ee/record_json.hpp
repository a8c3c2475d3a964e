// The JSON inside a node record (E2EE section 2, steps 4 and 7), apart from signature, clock and order of
// checks. Pure; used by node_record.cpp only. What it reads is authentic but not yet sensible.
#pragma once

#include "e2ee/node_record.hpp"

namespace tp::e2ee {

std::string write_record_json(const record_fields& fields, const codec::peer_id& peer);

// Step 4: record_malformed, unsupported_version, peer_id_mismatch.
result<json::object> read_record_object(bytes_view record, const codec::peer_id& peer);

// The three integers of step 5, in range: field_invalid.
struct record_times {
  std::int64_t seq = 0;
  unix_seconds issued = 0;
  unix_seconds expires = 0;
};
result<record_times> read_times(const json::object& from);

// Step 7: bad_ohttp_keys, field_invalid.
result<record_fields> read_fields(const json::object& from, const record_times& times);

}  // namespace tp::e2ee
