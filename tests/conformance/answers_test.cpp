// answers.json, padding.json, peer-id.json
#include <gtest/gtest.h>

#include <map>

#include "codec/peer_id.hpp"
#include "crypto/ed25519.hpp"
#include "e2ee/wire.hpp"
#include "openai/error_answer.hpp"
#include "vectors.hpp"

namespace tp::conformance {
namespace {

std::map<std::string, errc, std::less<>> every_failure() {
  std::map<std::string, errc, std::less<>> out;
  for (int i = 0; i <= static_cast<int>(errc::internal); ++i)
    out.emplace(tp::name(static_cast<errc>(i)), static_cast<errc>(i));
  return out;
}

TEST(answers, every_failure_has_its_status_and_code) {
  const json::value vectors = load_vectors("answers.json");
  const auto failures = every_failure();
  for (const char* place : {"outside", "inside"}) {
    for (const auto& [failure, expected] : vectors.as_object().at(place).as_object()) {
      const auto known = failures.find(codec::text_of(json::string(failure)));
      ASSERT_NE(known, failures.end()) << failure;
      const openai::api_error answer = openai::error_answer(known->second);
      EXPECT_EQ(answer.status, expected.as_array().at(0).as_int64()) << failure;
      EXPECT_EQ(answer.code, codec::text_of(expected.as_array().at(1).as_string())) << failure;
    }
  }
}

TEST(padding, every_length_has_its_bucket) {
  const json::value vectors = load_vectors("padding.json");
  for (const json::value& v : vectors.as_object().at("vectors").as_array()) {
    const auto length = static_cast<std::size_t>(integer(v, "length"));
    EXPECT_EQ(e2ee::bucket(length), static_cast<std::size_t>(integer(v, "padded"))) << length;
  }
}

TEST(peer_id, valid_ones_come_from_their_key_and_parse) {
  const json::value vectors = load_vectors("peer-id.json");
  for (const json::value& v : vectors.as_object().at("valid").as_array()) {
    const crypto::ed25519_key key = crypto::ed25519_key::from_seed(hex(v, "seed")).value();
    EXPECT_TRUE(same(key.public_key(), hex(v, "public_key")));
    const codec::peer_id id = codec::peer_id::from_public_key(key.public_key());
    EXPECT_EQ(id.text(), text(v, "peer_id"));
    EXPECT_TRUE(same(id.multihash(), hex(v, "multihash")));
    EXPECT_TRUE(codec::peer_id::parse(text(v, "peer_id")).value() == id);
  }
}

TEST(peer_id, others_are_refused) {
  const json::value vectors = load_vectors("peer-id.json");
  for (const json::value& v : vectors.as_object().at("invalid").as_array()) {
    const result<codec::peer_id> parsed = codec::peer_id::parse(text(v, "peer_id"));
    ASSERT_TRUE(parsed.has_error()) << text(v, "why");
    EXPECT_EQ(tp::name(to_errc(parsed.error())), text(v, "expect")) << text(v, "why");
  }
}

}  // namespace
}  // namespace tp::conformance
