#include "node/record_book.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "codec/json.hpp"

namespace tp::node {
namespace {

using namespace std::chrono_literals;

class record_book_test : public testing::Test {
 protected:
  record_book_test() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tp-record-XXXXXX").string();
    config.state_dir = ::mkdtemp(pattern.data());
    config.name = "test";
    config.concurrency = 5;
  }
  ~record_book_test() override { std::filesystem::remove_all(config.state_dir); }

  record_book open() { return record_book(config, identity, keys, with); }
  // What a relay would say of the newest record.
  result<e2ee::verified_record> checked(const record_book& book) {
    const auto parsed = codec::parse_json(book.body());
    if (!parsed) return parsed.error();
    const json::object& body = parsed->get_object();
    const e2ee::record_check check{.now = clock.unix_now(), .pin = std::nullopt, .last = nullptr};
    return e2ee::verified_record::verify(codec::peer_id::from_public_key(identity.public_key()),
                                         codec::text_of(*codec::find_string(body, "record")),
                                         codec::text_of(*codec::find_string(body, "signature")), check);
  }

  settings config;
  manual_clock clock;
  seeded_random random{3};
  null_logger log;
  metrics meters;
  services with{clock, random, log, meters};
  crypto::ed25519_key identity = crypto::ed25519_key::generate(random);
  e2ee::key_ring keys{clock, random};
  const std::vector<engine::model_info> models{{"small", 4'096, {"chat"}}, {"unknown", 0, {}}};
};

TEST_F(record_book_test, a_renewed_record_says_what_the_node_is_and_verifies) {
  record_book book = open();
  EXPECT_TRUE(book.body().empty());
  EXPECT_TRUE(book.due(models));
  ASSERT_TRUE(book.renew(models).has_value());
  const auto record = checked(book);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->fields().name, "test");
  EXPECT_EQ(record->fields().max_concurrency, 5);
  EXPECT_EQ(record->fields().issued, clock.unix_now());
  EXPECT_EQ(record->fields().expires, clock.unix_now() + config.time.record_lifetime.count());
  EXPECT_EQ(record->fields().seq, book.version());
  ASSERT_EQ(record->fields().models.size(), 2U);
  EXPECT_EQ(record->fields().models[1].context_length, 1);
  EXPECT_EQ(record->fields().ohttp_keys, keys.key_list());
  EXPECT_EQ(book.body().find("peer_id"), std::string::npos) << "the session says who we are";
}

TEST_F(record_book_test, it_is_due_by_time_and_when_models_change) {
  record_book book = open();
  ASSERT_TRUE(book.renew(models).has_value());
  EXPECT_FALSE(book.due(models));
  EXPECT_TRUE(book.due({models[0]}));
  std::vector<engine::model_info> longer = models;
  longer[0].context_length = 8'192;
  EXPECT_TRUE(book.due(longer)) << "the same model, started anew with another context";
  std::vector<engine::model_info> abler = models;
  abler[0].capabilities.emplace_back("embedding");
  EXPECT_TRUE(book.due(abler));
  clock.advance(config.time.record_renewal - 1s);
  EXPECT_FALSE(book.due(models));
  clock.advance(1s);
  EXPECT_TRUE(book.due(models));
}

TEST_F(record_book_test, the_number_grows_even_if_the_clock_goes_back_and_over_a_restart) {
  std::int64_t last = 0;
  {
    record_book book = open();
    ASSERT_TRUE(book.renew(models).has_value());
    last = book.version();
    EXPECT_EQ(last, clock.unix_milliseconds());
    ASSERT_TRUE(book.renew(models).has_value());
    EXPECT_EQ(book.version(), last + 1) << "twice in one millisecond";
    last = book.version();
  }
  clock.advance(-24h);
  record_book again = open();
  EXPECT_EQ(again.version(), last);
  ASSERT_TRUE(again.renew(models).has_value());
  EXPECT_EQ(again.version(), last + 1);
}

TEST_F(record_book_test, a_damaged_number_counts_as_none) {
  std::ofstream(config.state_dir / "record.seq") << "damaged";
  record_book book = open();
  EXPECT_EQ(book.version(), 0);
  ASSERT_TRUE(book.renew(models).has_value());
  EXPECT_EQ(book.version(), clock.unix_milliseconds());
}

TEST_F(record_book_test, a_number_that_cannot_be_kept_is_not_used) {
  std::filesystem::remove_all(config.state_dir);
  record_book book = open();
  const auto renewed = book.renew(models);
  ASSERT_TRUE(renewed.has_error());
  EXPECT_EQ(renewed.error(), errc::io_error);
  EXPECT_TRUE(book.body().empty());
  EXPECT_EQ(book.version(), 0);
}

TEST_F(record_book_test, more_models_than_a_record_holds_are_left_out) {
  std::vector<engine::model_info> many;
  for (std::size_t i = 0; i <= limits::record_models_max; ++i)
    many.push_back({"m" + std::to_string(i), 1, {}});
  record_book book = open();
  ASSERT_TRUE(book.renew(many).has_value());
  EXPECT_EQ(checked(book)->fields().models.size(), limits::record_models_max);
  EXPECT_FALSE(book.due(many));
}

}  // namespace
}  // namespace tp::node
