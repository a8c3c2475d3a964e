#include "relaycore/rate_limit.hpp"

#include <gtest/gtest.h>

namespace tp::relaycore {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr unix_milliseconds now = 1'790'000'000'000;
constexpr unix_milliseconds minute = 60'000;
constexpr unix_milliseconds hour = 60 * minute;

// Takes until refused, `most` at most; how many were allowed.
std::int64_t take_all(rate_limiter& limiter, std::string_view key, unix_milliseconds at,
                      std::int64_t most = 5'000) {
  std::int64_t taken = 0;
  while (taken < most && limiter.take(key, at).refused == limited_by::nothing) ++taken;
  return taken;
}

TEST(rate_limit, the_61st_request_waits_exactly_until_a_token_is_there) {
  rate_limiter limiter({});
  for (std::int64_t left = 59; left >= 0; --left) {
    const rate_verdict told = limiter.take("a", now);
    ASSERT_EQ(told.refused, limited_by::nothing);
    EXPECT_EQ(told.remaining, left);
    EXPECT_EQ(told.retry_after, seconds(0));
  }
  const rate_verdict told = limiter.take("a", now + 500);
  EXPECT_EQ(told.refused, limited_by::request_rate);
  EXPECT_EQ(told.shown->tokens, 60);
  EXPECT_EQ(told.remaining, 0);
  EXPECT_EQ(told.retry_after, seconds(60)) << "59.5 s, as whole seconds never too few";
  EXPECT_EQ(told.reset, now / 1'000 + 3'600);
  EXPECT_EQ(refusal_message(told), "Rate limit exceeded: 60 per 1 hour. Try again in 60 seconds.");
  EXPECT_EQ(limiter.take("a", now + minute - 1).retry_after, seconds(1));
  EXPECT_EQ(limiter.take("a", now + minute - 1).refused, limited_by::request_rate);
  EXPECT_EQ(limiter.take("a", now + minute).refused, limited_by::nothing) << "what Retry-After said is true";
  EXPECT_EQ(limiter.take("a", now + minute).refused, limited_by::request_rate);
}

TEST(rate_limit, clients_do_not_share_a_bucket) {
  rate_limiter limiter({});
  EXPECT_EQ(take_all(limiter, "a", now), 60);
  EXPECT_EQ(take_all(limiter, "b", now), 60);
}

TEST(rate_limit, the_daily_quota_is_a_second_bucket) {
  rate_limiter limiter({{60, hours(1)}, {100, hours(24)}});
  EXPECT_EQ(take_all(limiter, "a", now), 60);
  EXPECT_EQ(take_all(limiter, "a", now + hour), 44) << "40 left of the day's, 4 came back";
  const rate_verdict told = limiter.take("a", now + hour);
  EXPECT_EQ(told.refused, limited_by::quota);
  EXPECT_EQ(told.shown->tokens, 100);
  const unix_milliseconds then = now + hour + told.retry_after.count() * 1'000;
  EXPECT_EQ(limiter.take("a", then - 1'000).refused, limited_by::quota);
  EXPECT_EQ(limiter.take("a", then).refused, limited_by::nothing);
}

TEST(rate_limit, a_refused_request_costs_nothing) {
  rate_limiter limiter({{2, hours(1)}, {3, hours(24)}});
  EXPECT_EQ(take_all(limiter, "a", now), 2);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limiter.take("a", now).refused, limited_by::request_rate);
  EXPECT_EQ(take_all(limiter, "a", now + hour), 1) << "the quota's third was not lost";
}

TEST(rate_limit, the_longer_of_two_waits_is_told) {
  rate_limiter limiter({{1, hours(1)}, {1, hours(24)}});
  EXPECT_EQ(take_all(limiter, "a", now), 1);
  const rate_verdict told = limiter.take("a", now);
  EXPECT_EQ(told.refused, limited_by::quota);
  EXPECT_EQ(told.retry_after, hours(24));
}

TEST(rate_limit, no_tokens_means_no_limit) {
  rate_limiter limiter({{}, {}});
  EXPECT_EQ(take_all(limiter, "a", now), 5'000);
  EXPECT_FALSE(limiter.take("a", now).shown.has_value());
  rate_limiter quota_only({{}, {7, hours(24)}});
  EXPECT_EQ(take_all(quota_only, "a", now), 7);
}

TEST(rate_limit, a_clock_set_back_gives_and_takes_nothing) {
  rate_limiter limiter({});
  EXPECT_EQ(take_all(limiter, "a", now), 60);
  EXPECT_EQ(limiter.take("a", now - hour).retry_after, seconds(60));
  EXPECT_EQ(limiter.take("a", now - hour + minute).refused, limited_by::nothing);
}

TEST(rate_limit, full_buckets_are_forgotten_first) {
  rate_limiter limiter({{2, seconds(2)}, {}}, 3);
  EXPECT_EQ(take_all(limiter, "busy", now), 2);
  limiter.take("light", now);
  limiter.take("old", now - 10'000);
  EXPECT_EQ(limiter.size(), 3U);
  limiter.take("new", now);
  EXPECT_EQ(limiter.size(), 3U) << "old was full and went";
  EXPECT_EQ(limiter.take("busy", now).refused, limited_by::request_rate);
  limiter.take("newer", now);
  EXPECT_EQ(limiter.size(), 3U) << "nobody is full: light, the first who will be";
  EXPECT_EQ(limiter.take("busy", now).refused, limited_by::request_rate);
  limiter.sweep(now + 2'000);
  EXPECT_EQ(limiter.size(), 0U);
}

TEST(rate_limit, what_was_used_survives_a_restart) {
  rate_limiter before({});
  EXPECT_EQ(take_all(before, "a", now), 60);
  before.take("b", now);
  before.take("full", now - 25 * hour);
  const auto kept = before.export_state(now + minute);
  ASSERT_EQ(kept.size(), 2U) << "only buckets that are not full";
  rate_limiter after({});
  after.import_state(kept, now + 2 * minute);
  EXPECT_EQ(take_all(after, "a", now + 2 * minute), 2);
  EXPECT_EQ(take_all(after, "b", now + 2 * minute), 60);
  EXPECT_EQ(take_all(after, "full", now + 2 * minute), 60);
}

TEST(rate_limit, nonsense_in_a_saved_state_harms_nobody) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  rate_limiter limiter({}, 3);
  limiter.take("known", now);
  limiter.import_state({{"past", least, {most, most}},
                        {"future", most, {most, least}},
                        {"known", now, {60'000, 0}},
                        {"more", now, {1'000, 0}},
                        {"still more", now, {1'000, 0}}},
                       now);
  EXPECT_LE(limiter.size(), 3U);
  EXPECT_EQ(take_all(limiter, "past", now), 60);
  EXPECT_EQ(limiter.take("future", now).refused, limited_by::request_rate);
  EXPECT_EQ(limiter.take("future", now + minute).refused, limited_by::nothing);
}

TEST(rate_limit, new_rules_hold_at_once_and_forgive_nothing) {
  rate_limiter limiter({});
  EXPECT_EQ(take_all(limiter, "a", now), 60);
  limiter.replace({{100, hours(1)}, {1'000, hours(24)}}, now);
  EXPECT_EQ(take_all(limiter, "a", now), 40);
  limiter.replace({{10, hours(1)}, {1'000, hours(24)}}, now);
  EXPECT_EQ(limiter.take("a", now).retry_after, seconds(360)) << "as if all ten were used";
  limiter.replace({{}, {1'000, hours(24)}}, now);
  EXPECT_EQ(take_all(limiter, "a", now), 900) << "the quota remembers";
}

TEST(rate_limit, rates_are_read_as_the_first_token_place_wrote_them) {
  const struct {
    std::string_view text;
    std::int64_t tokens;
    std::int64_t period_s;
    std::string_view spelled;
  } rows[] = {
      {"60/hour", 60, 3'600, "60 per 1 hour"},
      {"1000/day", 1'000, 86'400, "1000 per 1 day"},
      {"60 per hour", 60, 3'600, "60 per 1 hour"},
      {"10 per 5 minutes", 10, 300, "10 per 5 minute"},
      {"10/5minute", 10, 300, "10 per 5 minute"},
      {" 1 / second ", 1, 1, "1 per 1 second"},
      {"5/90 second", 5, 90, "5 per 90 second"},
      {"5/month", 5, 2'592'000, "5 per 1 month"},
      {"0", 0, 3'600, "0 per 1 hour"},
  };
  for (const auto& row : rows) {
    const auto read = parse_rate(row.text);
    ASSERT_TRUE(read.has_value()) << row.text;
    EXPECT_EQ(read->tokens, row.tokens) << row.text;
    EXPECT_EQ(read->period, seconds(row.period_s)) << row.text;
    EXPECT_EQ(to_text(*read), row.spelled);
  }
  for (const std::string_view text :
       {"", "60", "/hour", "-1/hour", "60/", "60/year", "60 hour", "60/0 hour", "60/hours per day", "6x/hour",
        "1000001/hour", "99999999999999999999/hour", "1/99999999999 hour", "1/2 month", "per hour"}) {
    EXPECT_FALSE(parse_rate(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace tp::relaycore
