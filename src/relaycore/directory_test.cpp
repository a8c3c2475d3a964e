#include "relaycore/directory.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "base/random.hpp"
#include "codec/json.hpp"
#include "crypto/x25519.hpp"
#include "e2ee/wire.hpp"

namespace tp::relaycore {
namespace {

constexpr unix_seconds now = 1'790'000'000;

struct signer {
  explicit signer(std::uint64_t seed) : random(seed), identity(crypto::ed25519_key::generate(random)) {
    fields.seq = 10;
    fields.issued = now;
    fields.expires = now + 3'600;
    fields.name = "test";
    fields.models = {{"small", 4'096, {"chat"}}};
    fields.max_concurrency = 3;
    const crypto::x25519_key key = crypto::x25519_key::generate(random);
    fields.ohttp_keys = e2ee::write_key_list({{1, key.public_key, e2ee::offered_aeads()}});
  }
  codec::peer_id peer() const { return codec::peer_id::from_public_key(identity.public_key()); }
  std::string body() const {
    const auto made = e2ee::sign_record(fields, identity);
    return made ? codec::to_text(e2ee::to_json(*made)) : std::string();
  }
  std::string body(std::int64_t seq) {
    fields.seq = seq;
    return body();
  }

  seeded_random random;
  crypto::ed25519_key identity;
  e2ee::record_fields fields;
};

errc put(directory& into, const codec::peer_id& node, std::string_view body, unix_seconds at = now) {
  const auto taken = into.put(node, body, at);
  return taken ? errc::ok : to_errc(taken.error());
}

json::object parsed(std::string_view text) {
  const auto value = codec::parse_json(text);
  return value && value->is_object() ? value->get_object() : json::object();
}

TEST(directory_test, what_a_node_has_signed_is_published_as_it_came) {
  directory nodes;
  signer node(1);
  const std::string body = node.body();
  ASSERT_EQ(put(nodes, node.peer(), body), errc::ok);
  const json::object sent = parsed(body);
  const auto text = nodes.entry_json(node.peer().text());
  ASSERT_TRUE(text.has_value());
  const json::object entry = parsed(*text);
  EXPECT_EQ(*codec::find_string(entry, "peer_id"), node.peer().text());
  EXPECT_EQ(*codec::find_string(entry, "record"), *codec::find_string(sent, "record"));
  EXPECT_EQ(*codec::find_string(entry, "signature"), *codec::find_string(sent, "signature"));
  EXPECT_EQ(codec::find_integer(entry, "connected_since"), now);
  EXPECT_EQ(codec::find_integer(*codec::find_object(entry, "load"), "capacity"), 3)
      << "until the node reports its own";
  e2ee::record_check check{.now = now, .pin = node.peer(), .last = nullptr};
  EXPECT_TRUE(e2ee::verified_record::verify(json::value(entry), check).has_value())
      << "a client can check it";
}

TEST(directory_test, a_body_that_is_no_record_changes_nothing) {
  struct row {
    std::string body;
    errc failure;
  };
  signer node(1), other(2);
  signer late(1), lasting(1);
  late.fields.issued = now - 7'200;
  late.fields.expires = now - 3'600;
  lasting.fields.expires = now + limits::record_lifetime_max_s + 1;
  const std::string good = node.body();
  std::string forged = good;
  forged[good.find("\"signature\":\"") + 20] ^= 1;
  const row rows[] = {
      {"", errc::invalid_json},
      {"{", errc::invalid_json},
      {"[]", errc::record_malformed},
      {"{}", errc::record_malformed},
      {R"({"record":"AAAA"})", errc::record_malformed},
      {R"({"record":1,"signature":2})", errc::record_malformed},
      {other.body(), errc::bad_signature},
      {forged, errc::bad_signature},
      {late.body(), errc::expired},
  };
  directory nodes;
  for (const row& each : rows) {
    EXPECT_EQ(put(nodes, node.peer(), each.body), each.failure) << name(each.failure);
    EXPECT_EQ(nodes.size(), 0U);
  }
  EXPECT_TRUE(lasting.body().empty()) << "nobody can even sign one that lives too long";
  ASSERT_EQ(put(nodes, node.peer(), good), errc::ok);
  for (const row& each : rows) EXPECT_EQ(put(nodes, node.peer(), each.body), each.failure);
  EXPECT_EQ(nodes.size(), 1U);
}

TEST(directory_test, only_a_newer_record_replaces_one) {
  directory nodes;
  signer node(1);
  const std::string ten = node.body(10);
  ASSERT_EQ(put(nodes, node.peer(), ten), errc::ok);
  EXPECT_EQ(put(nodes, node.peer(), ten), errc::ok) << "the same one again is no harm";
  EXPECT_EQ(put(nodes, node.peer(), node.body(9)), errc::seq_rollback);
  node.fields.name = "other";
  EXPECT_EQ(put(nodes, node.peer(), node.body(10)), errc::seq_rollback)
      << "the same number on another record";
  node.fields.models = {{"large", 8'192, {"chat"}}};
  ASSERT_EQ(put(nodes, node.peer(), node.body(11), now + 5), errc::ok);
  EXPECT_EQ(nodes.size(), 1U);
  EXPECT_TRUE(nodes.find(node.peer().text())->serves("large"));
  EXPECT_FALSE(nodes.find(node.peer().text())->serves("small"));
  const json::object entry = parsed(*nodes.entry_json(node.peer().text()));
  EXPECT_EQ(codec::find_integer(entry, "connected_since"), now) << "it was there all the time";
}

TEST(directory_test, load_is_what_the_node_said_last) {
  directory nodes;
  signer node(1);
  nodes.set_load(node.peer(), {1, 2, 3});  // of a node nobody knows: nothing
  EXPECT_EQ(nodes.size(), 0U);
  ASSERT_EQ(put(nodes, node.peer(), node.body(1)), errc::ok);
  nodes.set_load(node.peer(), {5, 6, 7});
  ASSERT_EQ(put(nodes, node.peer(), node.body(2)), errc::ok);
  const json::object entry = parsed(*nodes.entry_json(node.peer().text()));
  const json::object& load = *codec::find_object(entry, "load");
  EXPECT_EQ(codec::find_integer(load, "in_flight"), 5);
  EXPECT_EQ(codec::find_integer(load, "capacity"), 6);
  EXPECT_EQ(codec::find_integer(load, "queued"), 7) << "a new record does not undo a report";
}

TEST(directory_test, records_expire_with_the_allowed_skew) {
  directory nodes;
  signer early(1), later(2);
  later.fields.expires = now + 7'200;
  ASSERT_EQ(put(nodes, early.peer(), early.body()), errc::ok);
  ASSERT_EQ(put(nodes, later.peer(), later.body()), errc::ok);
  EXPECT_TRUE(nodes.expire(now + 3'600).empty());
  EXPECT_TRUE(nodes.expire(now + 3'600 + limits::record_skew_s - 1).empty());
  const auto gone = nodes.expire(now + 3'600 + limits::record_skew_s);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0], early.peer());
  EXPECT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes.find(early.peer().text()), nullptr);
  EXPECT_NE(nodes.find(later.peer().text()), nullptr);
}

TEST(directory_test, models_are_listed_once_with_their_nodes_and_longest_context) {
  directory nodes;
  EXPECT_TRUE(nodes.models().empty());
  signer one(1), two(2);
  one.fields.models = {{"b", 1'000, {"chat"}}, {"a", 10, {}}};
  two.fields.models = {{"b", 2'000, {"chat"}}};
  ASSERT_EQ(put(nodes, one.peer(), one.body()), errc::ok);
  ASSERT_EQ(put(nodes, two.peer(), two.body()), errc::ok);
  const auto models = nodes.models();
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].id, "a");
  EXPECT_EQ(models[0].nodes, 1U);
  EXPECT_EQ(models[1].id, "b");
  EXPECT_EQ(models[1].nodes, 2U);
  EXPECT_EQ(models[1].context_length, 2'000);
}

TEST(directory_test, the_list_is_json_and_can_be_narrowed_to_a_model) {
  directory nodes;
  const auto size_of = [&](std::optional<std::string_view> model) {
    const json::object list = parsed(nodes.list_json(model));
    return codec::find_array(list, "data")->size();
  };
  EXPECT_EQ(size_of(std::nullopt), 0U);
  signer one(1), two(2);
  two.fields.models = {{"large", 8'192, {}}};
  ASSERT_EQ(put(nodes, one.peer(), one.body()), errc::ok);
  ASSERT_EQ(put(nodes, two.peer(), two.body()), errc::ok);
  EXPECT_EQ(size_of(std::nullopt), 2U);
  EXPECT_EQ(size_of("large"), 1U);
  EXPECT_EQ(size_of("larg"), 0U) << "the exact name only";
  nodes.remove(two.peer());
  EXPECT_EQ(size_of(std::nullopt), 1U);
  EXPECT_FALSE(nodes.entry_json(two.peer().text()).has_value());
  EXPECT_FALSE(nodes.entry_json("").has_value());
}

TEST(directory_test, a_full_directory_takes_no_new_node_but_serves_those_it_has) {
  directory nodes;
  signer first(1);
  ASSERT_EQ(put(nodes, first.peer(), first.body(1)), errc::ok);
  for (std::uint64_t i = 2; nodes.size() < limits::directory_entries_max; ++i) {
    const signer next(i);
    ASSERT_EQ(put(nodes, next.peer(), next.body()), errc::ok);
  }
  const signer late(5'000);
  EXPECT_EQ(put(nodes, late.peer(), late.body()), errc::too_many);
  EXPECT_EQ(put(nodes, first.peer(), first.body(2)), errc::ok);
  nodes.remove(first.peer());
  EXPECT_EQ(put(nodes, late.peer(), late.body()), errc::ok);
}

}  // namespace
}  // namespace tp::relaycore
