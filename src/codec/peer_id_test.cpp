#include "codec/peer_id.hpp"

#include <gtest/gtest.h>

#include <unordered_set>

#include "codec/vector_file.hpp"

namespace tp::codec {
namespace {

peer_id id_of(const json::value& vector) {
  const bytes key = hex_in(vector, "public_key");
  return peer_id::from_public_key(bytes_view(key).first<32>());
}

TEST(peer_id, valid_vectors_in_every_form) {
  const json::object vectors = load_vectors("vectors/peer-id.json");
  for (const json::value& vector : list_of(vectors, "valid")) {
    const peer_id id = id_of(vector);
    const bytes multihash = hex_in(vector, "multihash");
    EXPECT_EQ(id.text(), text_in(vector, "peer_id"));
    EXPECT_EQ(id.text().size(), peer_id::text_size);
    EXPECT_EQ(id.multihash(), multihash);
    EXPECT_EQ(id.key_message(), to_bytes(bytes_view(multihash).subspan(2)));
    EXPECT_EQ(peer_id::parse(text_in(vector, "peer_id")).value(), id);
    EXPECT_EQ(peer_id::from_multihash(multihash).value(), id);
    EXPECT_EQ(peer_id::from_key_message(id.key_message()).value(), id);
    EXPECT_EQ(id.for_log().text(), id.text());
    EXPECT_EQ(hex_encode(id.public_key()), text_in(vector, "public_key"));
  }
}

TEST(peer_id, invalid_vectors_are_refused_by_name) {
  const json::object vectors = load_vectors("vectors/peer-id.json");
  for (const json::value& vector : list_of(vectors, "invalid")) {
    const auto parsed = peer_id::parse(text_in(vector, "peer_id"));
    ASSERT_FALSE(parsed) << text_in(vector, "why");
    EXPECT_EQ(name(to_errc(parsed.error())), text_in(vector, "expect")) << text_in(vector, "why");
  }
}

TEST(peer_id, one_changed_prefix_byte_is_refused) {
  const json::object vectors = load_vectors("vectors/peer-id.json");
  const peer_id id = id_of(list_of(vectors, "valid").at(0));
  for (std::size_t i = 0; i < 6; ++i) {
    bytes multihash = id.multihash();
    multihash[i] ^= 1;
    EXPECT_EQ(peer_id::from_multihash(multihash).error(), errc::bad_peer_id);
  }
  bytes longer = id.multihash();
  longer.push_back(0);
  EXPECT_EQ(peer_id::from_multihash(longer).error(), errc::bad_peer_id);
  EXPECT_EQ(peer_id::from_key_message(id.multihash()).error(), errc::bad_peer_id);
}

TEST(peer_id, compares_and_hashes_by_key) {
  const json::object vectors = load_vectors("vectors/peer-id.json");
  std::unordered_set<peer_id> set;
  for (const json::value& vector : list_of(vectors, "valid")) {
    set.insert(id_of(vector));
    set.insert(id_of(vector));
  }
  EXPECT_EQ(set.size(), list_of(vectors, "valid").size());
}

}  // namespace
}  // namespace tp::codec
