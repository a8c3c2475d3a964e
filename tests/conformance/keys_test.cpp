// ohttp-keys.json
#include <gtest/gtest.h>

#include "e2ee/wire.hpp"
#include "vectors.hpp"

namespace tp::conformance {
namespace {

TEST(ohttp_keys, every_list_gives_its_configurations_or_its_failure) {
  const json::value vectors = load_vectors("ohttp-keys.json");
  for (const json::value& v : vectors.as_object().at("vectors").as_array()) {
    SCOPED_TRACE(text(v, "name"));
    const auto parsed = e2ee::parse_key_list(hex(v, "list"));
    if (parsed.has_error()) {
      EXPECT_EQ(tp::name(to_errc(parsed.error())), text(v, "expect"));
      EXPECT_TRUE(e2ee::choose_key(hex(v, "list")).has_error());
      continue;
    }
    ASSERT_EQ(text(v, "expect"), "ok");
    const json::array& usable = v.as_object().at("usable").as_array();
    ASSERT_EQ(parsed->size(), usable.size());
    for (std::size_t i = 0; i < usable.size(); ++i) {
      const e2ee::key_config& config = (*parsed)[i];
      EXPECT_EQ(config.key_id, integer(usable[i], "id"));
      EXPECT_TRUE(same(config.public_key, hex(usable[i], "public_key")));
      const json::array& aeads = usable[i].as_object().at("aeads").as_array();
      ASSERT_EQ(config.aeads.size(), aeads.size());
      for (std::size_t j = 0; j < aeads.size(); ++j)
        EXPECT_EQ(static_cast<std::int64_t>(config.aeads[j]), aeads[j].as_int64());
    }
    const e2ee::key_choice choice = e2ee::choose_key(hex(v, "list")).value();
    EXPECT_EQ(choice.key_id, (*parsed)[0].key_id);
    EXPECT_EQ(choice.aead, crypto::aead_id::aes_256_gcm);
  }
}

TEST(ohttp_keys, what_is_written_is_the_vector) {
  const json::value vectors = load_vectors("ohttp-keys.json");
  const json::array& list = vectors.as_object().at("vectors").as_array();
  for (const std::size_t i : {0U, 1U}) {  // those without anything to step over
    const auto parsed = e2ee::parse_key_list(hex(list[i], "list")).value();
    EXPECT_TRUE(same(e2ee::write_key_list(parsed), hex(list[i], "list"))) << text(list[i], "name");
  }
}

}  // namespace
}  // namespace tp::conformance
