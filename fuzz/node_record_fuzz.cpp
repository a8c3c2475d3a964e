// The input as the outer object, and as the record itself, signed here because everything interesting lies
// behind the signature. A record that verifies can be signed again from its fields, and then verifies too.
#include "e2ee/node_record.hpp"

#include "base/assert.hpp"
#include "codec/base64.hpp"

namespace {

using namespace tp;

constexpr unix_seconds now = 1'790'000'000;

void check_signed(bytes_view record) {
  bytes seed(32);
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(i);
  const crypto::ed25519_key identity = crypto::ed25519_key::from_seed(seed).value();
  bytes signed_bytes = to_bytes("token.place/node-record/1\n");
  append(signed_bytes, record);
  e2ee::record_check check;
  check.now = now;
  const codec::peer_id peer = codec::peer_id::from_public_key(identity.public_key());
  const std::string signature = codec::base64_encode(identity.sign(signed_bytes));
  const auto verified = e2ee::verified_record::verify(peer, codec::base64_encode(record), signature, check);
  if (!verified) {
    TP_ASSERT(verified.error() != errc::bad_signature && verified.error() != errc::bad_peer_id);
    return;
  }
  const auto again = e2ee::sign_record(verified->fields(), identity);
  if (!again) {  // written out, escapes may need more room
    TP_ASSERT(again.error() == errc::record_too_large);
    return;
  }
  TP_ASSERT(e2ee::verified_record::verify(json::value(e2ee::to_json(*again)), check).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes_view input(data, size);
  e2ee::record_check check;
  check.now = now;
  if (const auto outer = codec::parse_json(as_chars(input))) {
    const auto verified = e2ee::verified_record::verify(*outer, check);
    if (verified) TP_ASSERT(verified->raw().size() <= 16'384);
  }
  check_signed(input);
  return 0;
}
