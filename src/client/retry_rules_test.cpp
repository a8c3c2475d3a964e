#include "client/retry_rules.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tp::client {
namespace {

using std::chrono::seconds;

TEST(retry_rules, answers_each_refusal_as_the_specification_says) {
  struct row {
    clear_refusal refusal;
    retry step;
  };
  const row rows[] = {
      {{400, "ohttp_key", {}}, retry::newer_key},
      {{400, "envelope_invalid", {}}, retry::newer_key},
      {{400, "bhttp_invalid", {}}, retry::no},
      {{400, "", {}}, retry::no},
      {{500, "ohttp_key", {}}, retry::no},
      {{429, "rate_limit_exceeded", seconds(2)}, retry::wait},
      {{429, "rate_limit_exceeded", seconds(3'000)}, retry::no},
      {{429, "rate_limit_exceeded", {}}, retry::no},
      {{503, "node_busy", seconds(2)}, retry::another_node},
      {{503, "", {}}, retry::another_node},
      {{502, "node_gone", {}}, retry::another_node},
      {{502, "", {}}, retry::no},
      {{404, "node_not_found", {}}, retry::another_node},
      {{404, "not_found", {}}, retry::no},
      {{408, "request_timeout", {}}, retry::no},
      {{409, "request_replayed", {}}, retry::no},
      {{413, "body_too_large", {}}, retry::no},
      {{504, "deadline_exceeded", {}}, retry::no},
  };
  for (const row& each : rows) {
    retry_rules rules;
    EXPECT_EQ(rules.on_clear(each.refusal), each.step) << each.refusal.status << " " << each.refusal.code;
    EXPECT_EQ(rules.on_clear(each.refusal), retry::no) << "a second time";
  }
}

TEST(retry_rules, each_reason_counts_once_but_for_itself) {
  retry_rules rules;
  EXPECT_EQ(rules.on_clear({400, "ohttp_key", {}}), retry::newer_key);
  EXPECT_EQ(rules.on_clear({503, "node_busy", {}}), retry::another_node);
  EXPECT_TRUE(rules.may_correct_date());
  EXPECT_FALSE(rules.may_correct_date());
  EXPECT_EQ(rules.on_clear({502, "node_gone", {}}), retry::no);
  EXPECT_EQ(rules.on_clear({400, "envelope_invalid", {}}), retry::no);
}

TEST(retry_rules, waits_for_the_only_node_if_it_is_short) {
  const retry_rules rules;
  EXPECT_EQ(rules.on_no_other_node({503, "node_busy", seconds(2)}), retry::wait);
  EXPECT_EQ(rules.on_no_other_node({503, "node_busy", seconds(60)}), retry::no);
  EXPECT_EQ(rules.on_no_other_node({503, "node_busy", {}}), retry::no);
  EXPECT_EQ(rules.on_no_other_node({502, "node_gone", seconds(1)}), retry::no);
}

}  // namespace
}  // namespace tp::client
