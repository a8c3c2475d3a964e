// record.json
#include <gtest/gtest.h>

#include "codec/base64.hpp"
#include "e2ee/node_record.hpp"
#include "vectors.hpp"

namespace tp::conformance {
namespace {

std::string verdict(const json::value& v, unix_seconds now) {
  e2ee::record_check check;
  check.now = now;
  e2ee::last_record last;
  if (has(v, "pin")) check.pin = codec::peer_id::parse(text(v, "pin")).value();
  if (has(v, "last")) {
    const json::value& known = v.as_object().at("last");
    last.seq = integer(known, "seq");
    last.record = codec::base64_decode(text(known, "record")).value();
    check.last = &last;
  }
  const auto verified = e2ee::verified_record::verify(v, check);
  if (!verified) return std::string(tp::name(to_errc(verified.error())));
  EXPECT_EQ(verified->peer().text(), text(v, "peer_id"));
  EXPECT_EQ(codec::base64_encode(verified->raw()), text(v, "record"));
  EXPECT_EQ(codec::to_text(json::value(verified->to_json()).at("signature")),
            codec::to_text(v.as_object().at("signature")));
  return "ok";
}

TEST(record, every_record_ends_in_its_verdict) {
  const json::value vectors = load_vectors("record.json");
  const unix_seconds now = integer(vectors, "now");
  for (const json::value& v : vectors.as_object().at("vectors").as_array())
    EXPECT_EQ(verdict(v, now), text(v, "expect")) << text(v, "name");
}

TEST(record, the_valid_one_is_read_as_it_was_written) {
  const json::value vectors = load_vectors("record.json");
  e2ee::record_check check;
  check.now = integer(vectors, "now");
  const auto verified =
      e2ee::verified_record::verify(vectors.as_object().at("vectors").as_array().at(0), check).value();
  const e2ee::record_fields& fields = verified.fields();
  EXPECT_EQ(fields.seq, 1'790'000'000'123);
  EXPECT_EQ(fields.expires - fields.issued, 7'200);
  EXPECT_EQ(fields.name, "Kitchen 4090");
  ASSERT_EQ(fields.models.size(), 2U);
  EXPECT_EQ(fields.models[0].context_length, 32'768);
  EXPECT_EQ(fields.models[1].capabilities, std::vector<std::string>{"embedding"});
  EXPECT_EQ(fields.max_concurrency, 4);
  EXPECT_TRUE(verified.serves("bge-m3"));
  EXPECT_FALSE(verified.serves("bge-m"));
}

TEST(record, no_flipped_byte_of_a_record_or_signature_passes) {
  const json::value vectors = load_vectors("record.json");
  const json::value& good = vectors.as_object().at("vectors").as_array().at(0);
  const codec::peer_id peer = codec::peer_id::parse(text(good, "peer_id")).value();
  e2ee::record_check check;
  check.now = integer(vectors, "now");
  const bytes record = codec::base64_decode(text(good, "record")).value();
  const bytes signature = codec::base64_decode(text(good, "signature")).value();
  for (std::size_t i = 0; i < record.size() + signature.size(); ++i) {
    bytes changed_record = record, changed_signature = signature;
    (i < record.size() ? changed_record[i] : changed_signature[i - record.size()]) ^= 0x04;
    const auto verified = e2ee::verified_record::verify(peer, codec::base64_encode(changed_record),
                                                        codec::base64_encode(changed_signature), check);
    ASSERT_TRUE(verified.has_error()) << i;
    EXPECT_EQ(verified.error(), errc::bad_signature) << i;
  }
}

}  // namespace
}  // namespace tp::conformance
