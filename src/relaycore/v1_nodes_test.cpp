#include "relaycore/v1_nodes.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/limits.hpp"

namespace tp::relaycore {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr steady_time start(hours(1'000));
constexpr std::string_view home = "192.0.2.1";
constexpr std::string_view elsewhere = "198.51.100.9";

// Challenges "sealed 1", "sealed 2" … whose answers are "open 1", "open 2" …; keys that begin with "bad" have
// none.
struct makes_challenges {
  int* made;
  std::optional<v1_challenge> operator()(std::string_view key) const {
    if (key.starts_with("bad")) return std::nullopt;
    const std::string number = std::to_string(++*made);
    return v1_challenge{"sealed " + number, "open " + number};
  }
};

struct house {
  explicit house(v1_node_proof proof) : nodes(proof, makes_challenges{&made}) {}

  // "held", "refused ERRC", or the challenge ("" if none).
  std::string poll(const std::string& key, std::string_view origin = home, std::string_view response = {}) {
    const auto arrived = nodes.on_poll(key, origin, response, now);
    if (!arrived) return "refused " + std::string(name(to_errc(arrived.error())));
    return arrived->node != nullptr ? "held" : arrived->challenge;
  }

  int made = 0;
  steady_time now = start;
  v1_nodes nodes;
};

TEST(v1_nodes, with_proof_required_nobody_is_a_node_without_the_private_key) {
  house h(v1_node_proof::required);
  EXPECT_EQ(h.poll("N"), "sealed 1");
  EXPECT_EQ(h.nodes.next(h.now), std::nullopt);
  EXPECT_EQ(h.poll("N"), "sealed 1") << "the same until it is answered";
  EXPECT_EQ(h.poll("N", elsewhere, "open 1"), "sealed 2") << "another origin's challenge";
  EXPECT_EQ(h.poll("M", home, "open 1"), "sealed 3") << "another key's";
  EXPECT_EQ(h.poll("N", home, "open 1"), "held");
  EXPECT_EQ(h.poll("N"), "held") << "once";
  EXPECT_EQ(h.nodes.next(h.now), "N");
}

TEST(v1_nodes, a_challenge_is_used_once_and_expires) {
  house h(v1_node_proof::required);
  EXPECT_EQ(h.poll("N"), "sealed 1");
  EXPECT_EQ(h.poll("N", home, "guess"), "sealed 2") << "a wrong answer spends it";
  EXPECT_EQ(h.poll("N", home, "open 1"), "sealed 3");
  h.now += limits::v1_challenge_time;
  EXPECT_EQ(h.poll("N", home, "open 3"), "sealed 4");
  EXPECT_EQ(h.poll("N", home, "open 4"), "held");
}

TEST(v1_nodes, an_owner_takes_its_key_back_by_proving_it) {
  for (const v1_node_proof proof : {v1_node_proof::off, v1_node_proof::required}) {
    house h(proof);
    const std::string first = h.poll("N", elsewhere);
    if (proof == v1_node_proof::required) {
      EXPECT_EQ(h.poll("N", elsewhere, "open 1"), "held");
    } else {
      EXPECT_EQ(first, "held") << "whoever came first";
    }
    const std::string challenge = h.poll("N", home);
    ASSERT_TRUE(challenge.starts_with("sealed "));
    EXPECT_EQ(h.poll("N", home, "open " + challenge.substr(7)), "held");
    EXPECT_NE(h.poll("N", elsewhere), "held");
    EXPECT_EQ(h.nodes.size(), 1U);
  }
}

TEST(v1_nodes, without_a_challenge_maker_strangers_get_nothing) {
  v1_nodes nodes(v1_node_proof::off, {});
  EXPECT_NE(nodes.on_poll("N", home, "", start)->node, nullptr);
  const auto stranger = nodes.on_poll("N", elsewhere, "", start);
  EXPECT_EQ(stranger->node, nullptr);
  EXPECT_EQ(stranger->challenge, "");
  EXPECT_EQ(nodes.on_poll("N", elsewhere, "", start)->node, nullptr) << "an empty response proves nothing";
}

TEST(v1_nodes, a_key_that_no_challenge_can_be_made_for_is_refused) {
  house h(v1_node_proof::required);
  EXPECT_EQ(h.poll("bad"), "refused invalid_argument");
}

TEST(v1_nodes, nobody_polls_for_a_key_of_ours) {
  house h(v1_node_proof::off);
  h.nodes.link("ours", "peer");
  EXPECT_EQ(h.poll("ours"), "");
  EXPECT_EQ(h.poll("ours", ""), "");
  EXPECT_EQ(h.made, 0);
}

TEST(v1_nodes, nodes_and_challenges_are_bounded_in_total_and_by_origin) {
  for (const v1_node_proof proof : {v1_node_proof::off, v1_node_proof::required}) {
    house h(proof);
    std::size_t taken = 0;
    while (taken < 10'000 && !h.poll("N" + std::to_string(taken)).starts_with("refused")) ++taken;
    EXPECT_EQ(taken, limits::v1_nodes_per_address_max);
    const auto by_many = [&](std::size_t i) {
      return h.poll("N" + std::to_string(i), "address " + std::to_string(i));
    };
    while (taken < 10'000 && !by_many(taken).starts_with("refused")) ++taken;
    EXPECT_EQ(taken, limits::v1_nodes_max);
    EXPECT_EQ(by_many(10'001), "refused too_many");
    h.now += limits::v1_challenge_time;
    h.nodes.expire_challenges(h.now);
    for (const std::string& key : h.nodes.stale(h.now)) h.nodes.erase(key);
    EXPECT_FALSE(by_many(10'001).starts_with("refused"));
  }
}

TEST(v1_nodes, a_node_is_stale_after_three_missed_pings) {
  house h(v1_node_proof::off);
  h.poll("N");
  h.nodes.link("ours", "peer");
  h.now += 3 * limits::v1_ping_interval - seconds(1);
  EXPECT_TRUE(h.nodes.stale(h.now).empty());
  h.poll("M");
  h.now += seconds(1);
  EXPECT_EQ(h.nodes.stale(h.now), std::vector<std::string>{"N"});
}

TEST(v1_nodes, each_node_is_recommended_in_turn_and_silent_ones_last) {
  house h(v1_node_proof::off);
  h.poll("A");
  h.poll("B");
  h.nodes.link("C", "peer");
  std::multiset<std::string> seen;
  for (int i = 0; i < 6; ++i) seen.insert(*h.nodes.next(h.now));
  for (const char* key : {"A", "B", "C"}) EXPECT_EQ(seen.count(key), 2U) << key;
  h.now += 3 * limits::v1_ping_interval;
  h.poll("B");
  seen.clear();
  for (int i = 0; i < 6; ++i) seen.insert(*h.nodes.next(h.now));
  EXPECT_EQ(seen.count("A"), 0U);
  EXPECT_EQ(seen.count("B"), 3U);
  h.nodes.erase("B");
  h.nodes.unlink("peer");
  EXPECT_EQ(h.nodes.next(h.now), "A") << "one that is long at work is better than none";
}

TEST(v1_nodes, unlinking_needs_the_peer) {
  house h(v1_node_proof::off);
  h.poll("N");
  h.nodes.link("ours", "peer");
  h.nodes.unlink("");
  h.nodes.unlink("another");
  EXPECT_EQ(h.nodes.size(), 2U);
  h.nodes.unlink("peer");
  EXPECT_EQ(h.nodes.size(), 1U);
}

}  // namespace
}  // namespace tp::relaycore
