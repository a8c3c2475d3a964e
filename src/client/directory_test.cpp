#include "client/directory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "base/limits.hpp"
#include "base/metrics.hpp"
#include "client/chooser.hpp"
#include "crypto/x25519.hpp"
#include "e2ee/wire.hpp"

namespace tp::client {
namespace {

class directory_test : public ::testing::Test {
 protected:
  crypto::ed25519_key identity() { return crypto::ed25519_key::generate(random_); }

  e2ee::record_fields fields(std::int64_t seq, std::vector<std::string> models = {"m"}) {
    e2ee::record_fields made;
    made.seq = seq;
    made.issued = clock_.unix_now();
    made.expires = clock_.unix_now() + 7'200;
    made.name = "node";
    e2ee::key_config config;
    config.public_key = crypto::x25519_key::generate(random_).public_key;
    config.aeads = e2ee::offered_aeads();
    made.ohttp_keys = e2ee::write_key_list({config});
    for (std::string& id : models) made.models.push_back({std::move(id), 2'048, {"chat"}});
    made.max_concurrency = 4;
    return made;
  }

  json::object entry(const crypto::ed25519_key& key, const e2ee::record_fields& of,
                     std::int64_t in_flight = 0) {
    json::object made = e2ee::to_json(*e2ee::sign_record(of, key));
    made["load"] = json::object{{"in_flight", in_flight}, {"capacity", 4}, {"queued", 0}};
    made["connected_since"] = clock_.unix_now();
    return made;
  }

  static std::string list_text(json::array entries) {
    json::object whole;
    whole["data"] = std::move(entries);
    return codec::to_text(whole);
  }

  asio::io_context loop_;
  manual_clock clock_;
  seeded_random random_{7};
  null_logger log_;
  metrics meters_;
  services with_{clock_, random_, log_, meters_};
  known_nodes known_;
  net::http_client http_{loop_.get_executor(), *codec::parse_url("http://127.0.0.1:1"), nullptr, with_};
  directory nodes_{http_, known_, with_};
};

TEST_F(directory_test, drops_a_bad_entry_and_keeps_the_list) {
  json::object forged = entry(identity(), fields(1));
  forged["peer_id"] = codec::peer_id::from_public_key(identity().public_key()).text();
  json::array entries{forged, entry(identity(), fields(1), 3), json::value(5), json::object{}};
  const result<node_list> list = nodes_.read_list(list_text(entries));
  ASSERT_TRUE(list.has_value());
  ASSERT_EQ(list->nodes.size(), 1U);
  EXPECT_EQ(list->nodes[0].load.in_flight, 3);
  EXPECT_EQ(list->dropped, 3U);
}

TEST_F(directory_test, refuses_what_is_no_list) {
  for (const std::string_view text : {"", "{", "[]", "{}", R"({"data":{}})"}) {
    EXPECT_EQ(nodes_.read_list(text).error(), errc::invalid_json) << text;
  }
}

TEST_F(directory_test, an_older_record_and_a_changed_one_are_refused) {
  const crypto::ed25519_key key = identity();
  const e2ee::record_fields newest = fields(5);
  ASSERT_TRUE(nodes_.read_entry(entry(key, newest), std::nullopt).has_value());
  EXPECT_TRUE(nodes_.read_entry(entry(key, newest), std::nullopt).has_value());
  EXPECT_EQ(nodes_.read_entry(entry(key, fields(4)), std::nullopt).error(), errc::seq_rollback);
  EXPECT_EQ(nodes_.read_entry(entry(key, fields(5)), std::nullopt).error(), errc::seq_rollback);
  EXPECT_TRUE(nodes_.read_entry(entry(key, fields(6)), std::nullopt).has_value());
}

TEST_F(directory_test, a_pin_holds_even_for_a_record_seen_before) {
  const crypto::ed25519_key key = identity();
  const codec::peer_id peer = codec::peer_id::from_public_key(key.public_key());
  const codec::peer_id other = codec::peer_id::from_public_key(identity().public_key());
  const json::object made = entry(key, fields(1));
  EXPECT_EQ(nodes_.read_entry(made, other).error(), errc::peer_id_mismatch);
  EXPECT_TRUE(nodes_.read_entry(made, peer).has_value());
  EXPECT_EQ(nodes_.read_entry(made, other).error(), errc::peer_id_mismatch);
}

TEST_F(directory_test, a_record_seen_before_still_expires) {
  const json::object made = entry(identity(), fields(1));
  ASSERT_TRUE(nodes_.read_entry(made, std::nullopt).has_value());
  clock_.advance(std::chrono::seconds(7'200 + 61));
  EXPECT_EQ(nodes_.read_entry(made, std::nullopt).error(), errc::expired);
}

TEST_F(directory_test, what_was_accepted_is_remembered_across_runs) {
  char folder[] = "/tmp/tp_known_XXXXXX";
  const std::filesystem::path file = std::filesystem::path(mkdtemp(folder)) / "known-nodes.json";
  const crypto::ed25519_key key = identity();
  EXPECT_TRUE(known_.load(file, clock_.unix_now()).has_value());
  ASSERT_TRUE(nodes_.read_entry(entry(key, fields(9)), std::nullopt).has_value());
  ASSERT_TRUE(known_.save(file).has_value());
  struct stat about{};
  ASSERT_EQ(::stat(file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);

  known_nodes later;
  ASSERT_TRUE(later.load(file, clock_.unix_now()).has_value());
  directory again(http_, later, with_);
  EXPECT_EQ(again.read_entry(entry(key, fields(8)), std::nullopt).error(), errc::seq_rollback);

  known_nodes next_week;
  ASSERT_TRUE(next_week.load(file, clock_.unix_now() + 7 * 86'400).has_value());
  EXPECT_EQ(next_week.size(), 0U);

  std::ofstream(file) << "damaged";
  known_nodes damaged;
  EXPECT_EQ(damaged.load(file, 0).error(), errc::invalid_json);
  std::filesystem::remove_all(folder);
}

TEST_F(directory_test, the_less_loaded_of_two_random_able_nodes_is_chosen) {
  json::array entries;
  for (const std::int64_t in_flight : {4, 1, 3})
    entries.push_back(entry(identity(), fields(1, {"m"}), in_flight));
  entries.push_back(entry(identity(), fields(1, {"other"}), 0));
  const result<node_list> list = nodes_.read_list(list_text(entries));
  std::vector<int> chosen(4);
  for (int round = 0; round < 300; ++round) ++chosen[*choose_node(list->nodes, "m", {}, random_)];
  EXPECT_EQ(chosen[0], 0);    // the most loaded loses every pair
  EXPECT_GT(chosen[1], 150);  // the least loaded wins every pair
  EXPECT_GT(chosen[2], 50);   // but is not in every pair
  EXPECT_EQ(chosen[3], 0);    // unable
  EXPECT_FALSE(choose_node(list->nodes, "missing", {}, random_).has_value());
  const std::vector<codec::peer_id> excluded{list->nodes[1].record.peer(), list->nodes[2].record.peer()};
  EXPECT_EQ(choose_node(list->nodes, "m", excluded, random_), std::optional<std::size_t>(0));
  EXPECT_TRUE(choose_node(list->nodes, "", {}, random_).has_value());
  EXPECT_FALSE(choose_node({}, "", {}, random_).has_value());
  EXPECT_TRUE(anybody_serves(list->nodes, "other"));
}

}  // namespace
}  // namespace tp::client
