// Verdicts on foreign records are checked by the vectors (tests/conformance); here: signing, and order of the
// checks.
#include "e2ee/node_record.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "base/random.hpp"
#include "codec/base64.hpp"
#include "e2ee/wire.hpp"

namespace tp::e2ee {
namespace {

static_assert(!std::is_default_constructible_v<verified_record>);
static_assert(!std::is_constructible_v<verified_record, signed_record, record_fields>);

constexpr unix_seconds now = 1'790'000'000;

class node_record : public testing::Test {
 protected:
  seeded_random random{1};
  const crypto::ed25519_key identity = crypto::ed25519_key::generate(random);
  record_fields fields = good();
  record_check check{now, std::nullopt, nullptr};

  static record_fields good() {
    record_fields out;
    out.seq = 5;
    out.issued = now;
    out.expires = now + 7'200;
    out.name = "Küche";
    out.ohttp_keys = write_key_list({key_config{1, {9}, offered_aeads()}});
    out.models = {{"a", 1, {"chat"}}, {"b", 2'147'483'647, {}}};
    out.max_concurrency = 1'024;
    return out;
  }
  errc signing() {
    const auto record = sign_record(fields, identity);
    return record ? errc::ok : to_errc(record.error());
  }
  errc verifying(const signed_record& record) {
    const auto verified = verified_record::verify(json::value(to_json(record)), check);
    return verified ? errc::ok : to_errc(verified.error());
  }
};

TEST_F(node_record, what_is_signed_verifies_and_reads_the_same) {
  fields.rsa_public_key = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n";
  const signed_record record = sign_record(fields, identity).value();
  const auto verified = verified_record::verify(json::value(to_json(record)), check).value();
  EXPECT_EQ(verified.peer().public_key(), identity.public_key());
  EXPECT_EQ(verified.fields().name, fields.name);
  EXPECT_EQ(verified.fields().ohttp_keys, fields.ohttp_keys);
  EXPECT_EQ(verified.fields().rsa_public_key, fields.rsa_public_key);
  EXPECT_EQ(verified.fields().models[1].context_length, 2'147'483'647);
  EXPECT_TRUE(verified_record::verify(json::value(verified.to_json()), check).has_value());
}

TEST_F(node_record, that_nobody_would_accept_is_not_signed) {
  struct {
    errc failure;
    void (*spoil)(record_fields&);
  } const cases[] = {
      {errc::field_invalid, [](record_fields& f) { f.seq = -1; }},
      {errc::field_invalid, [](record_fields& f) { f.seq = std::int64_t{1} << 53; }},
      {errc::bad_lifetime, [](record_fields& f) { f.expires = f.issued; }},
      {errc::bad_lifetime, [](record_fields& f) { f.expires = f.issued + 86'401; }},
      {errc::bad_ohttp_keys, [](record_fields& f) { f.ohttp_keys.pop_back(); }},
      {errc::bad_ohttp_keys, [](record_fields& f) { f.ohttp_keys.clear(); }},
      {errc::field_invalid, [](record_fields& f) { f.name = std::string(65, 'x'); }},
      {errc::field_invalid, [](record_fields& f) { f.name = "a\x7f"; }},
      {errc::record_malformed, [](record_fields& f) { f.name = "\xff"; }},
      {errc::field_invalid, [](record_fields& f) { f.rsa_public_key = "hello"; }},
      {errc::field_invalid, [](record_fields& f) { f.models[0].id.clear(); }},
      {errc::field_invalid, [](record_fields& f) { f.models[0].id = std::string(129, 'm'); }},
      {errc::field_invalid, [](record_fields& f) { f.models[1].id = f.models[0].id; }},
      {errc::field_invalid, [](record_fields& f) { f.models[0].context_length = 2'147'483'648; }},
      {errc::field_invalid, [](record_fields& f) { f.models[0].capabilities.assign(17, "chat"); }},
      {errc::field_invalid, [](record_fields& f) { f.models[0].capabilities = {std::string(33, 'c')}; }},
      {errc::field_invalid, [](record_fields& f) { f.max_concurrency = 0; }},
      {errc::field_invalid, [](record_fields& f) { f.max_concurrency = 1'025; }},
  };
  ASSERT_EQ(signing(), errc::ok);
  for (const auto& c : cases) {
    fields = good();
    c.spoil(fields);
    EXPECT_EQ(signing(), c.failure) << &c - cases;
  }
}

TEST_F(node_record, that_is_too_large_is_not_signed) {
  fields.models.clear();
  for (int i = 0; i < 64; ++i)
    fields.models.push_back({std::string(125, 'm') + std::to_string(100 + i), 1,
                             std::vector<std::string>(16, std::string(32, 'c'))});
  EXPECT_EQ(signing(), errc::record_too_large);
}

TEST_F(node_record, pin_comes_before_the_signature) {
  signed_record record = sign_record(fields, identity).value();
  record.signature[0] ^= 1;
  EXPECT_EQ(verifying(record), errc::bad_signature);
  check.pin = codec::peer_id::from_public_key(crypto::ed25519_key::generate(random).public_key());
  EXPECT_EQ(verifying(record), errc::peer_id_mismatch);
}

TEST_F(node_record, clock_comes_before_the_last_record) {
  const signed_record record = sign_record(fields, identity).value();
  const last_record last{6, {}};
  check.last = &last;
  EXPECT_EQ(verifying(record), errc::seq_rollback);
  check.now = now + 7'260;
  EXPECT_EQ(verifying(record), errc::expired);
  check.now = now - 61;
  EXPECT_EQ(verifying(record), errc::not_yet_valid);
}

TEST_F(node_record, the_last_record_may_come_again_but_not_another_with_its_seq) {
  const signed_record record = sign_record(fields, identity).value();
  const last_record last = verified_record::verify(json::value(to_json(record)), check).value().as_last();
  check.last = &last;
  EXPECT_EQ(verifying(record), errc::ok);
  fields.name = "another";
  EXPECT_EQ(verifying(sign_record(fields, identity).value()), errc::seq_rollback);
  fields.seq = 6;
  EXPECT_EQ(verifying(sign_record(fields, identity).value()), errc::ok);
}

}  // namespace
}  // namespace tp::e2ee
