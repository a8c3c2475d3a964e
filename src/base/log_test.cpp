#include "base/log.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <limits>

namespace tp {
namespace {

using namespace std::chrono_literals;

std::string written(const std::function<void()>& work) {
  testing::internal::CaptureStderr();
  work();
  return testing::internal::GetCapturedStderr();
}

enum class colour { red, blue };
std::string_view name(colour value) { return value == colour::red ? "red" : "blue"; }

TEST(safe_id, keeps_ids_and_replaces_everything_else) {
  EXPECT_EQ(safe_id("12D3KooW.a-b_c:9").text(), "12D3KooW.a-b_c:9");
  EXPECT_EQ(safe_id("two words\n\"{}\x01\xff").text(), "two_words______");
  EXPECT_EQ(safe_id("").text(), "");
}

TEST(safe_id, is_too_short_for_a_sentence) {
  EXPECT_EQ(safe_id(std::string(64, 'a')).text().size(), 64U);
  EXPECT_EQ(safe_id(std::string(10'000, 'a')).text().size(), 64U);
}

TEST(log_field, turns_each_kind_into_text) {
  EXPECT_EQ(field("n", 3).text(), "3");
  EXPECT_EQ(field("n", -7L).text(), "-7");
  EXPECT_EQ(field("n", UINT64_MAX).text(), "18446744073709551615");
  EXPECT_EQ(field("b", true).text(), "true");
  EXPECT_EQ(field("d", 1500us).text(), "1.500000ms");
  EXPECT_EQ(field("e", errc::node_gone).text(), "node_gone");
  EXPECT_EQ(field("e", error_code(errc::expired)).text(), "expired");
  EXPECT_EQ(field("c", colour::blue).text(), "blue");
  EXPECT_EQ(field("i", safe_id("abc")).text(), "abc");
  EXPECT_EQ(field("l", literal("fixed")).text(), "fixed");
}

TEST(log_field, quotes_all_but_numbers_and_booleans) {
  EXPECT_FALSE(field("n", 3).quoted());
  EXPECT_FALSE(field("b", false).quoted());
  EXPECT_TRUE(field("d", 1ms).quoted());
  EXPECT_TRUE(field("e", errc::ok).quoted());
  EXPECT_TRUE(field("i", safe_id("1")).quoted());
}

TEST(stderr_logger, writes_one_line_of_text) {
  manual_clock clock(1'790'000'000);
  clock.advance(42ms);
  stderr_logger log(log_level::info, log_format::text, clock);
  EXPECT_EQ(written([&] { log.info("node_registered", field("peer", safe_id("abc")), field("models", 3)); }),
            "2026-09-21T14:13:20.042Z info node_registered peer=abc models=3\n");
}

TEST(stderr_logger, writes_one_line_of_json) {
  manual_clock clock(1'790'000'000);
  stderr_logger log(log_level::trace, log_format::json, clock);
  EXPECT_EQ(
      written([&] { log.error("lost", field("why", errc::stalled), field("left", 0), field("ok", false)); }),
      "{\"time\":\"2026-09-21T14:13:20.000Z\",\"level\":\"error\",\"event\":\"lost\",\"why\":\"stalled\","
      "\"left\":0,\"ok\":false}\n");
  EXPECT_EQ(written([&] { log.trace("bare"); }),
            "{\"time\":\"2026-09-21T14:13:20.000Z\",\"level\":\"trace\",\"event\":\"bare\"}\n");
}

TEST(stderr_logger, writes_a_number_that_is_none_as_null) {
  const manual_clock clock(1'790'000'000);
  stderr_logger log(log_level::info, log_format::json, clock);
  using limit = std::numeric_limits<double>;
  const std::string line = written([&] {
    log.info("odd", field("a", limit::quiet_NaN()), field("b", limit::infinity()),
             field("c", -limit::infinity()), field("d", std::numeric_limits<float>::infinity()),
             field("e", 0.5));
  });
  EXPECT_NE(line.find("\"a\":null,\"b\":null,\"c\":null,\"d\":null,\"e\":0.500000}"), std::string::npos)
      << line;
}

TEST(stderr_logger, leaves_out_what_is_below_its_level) {
  manual_clock clock;
  stderr_logger log(log_level::warning, log_format::text, clock);
  EXPECT_EQ(written([&] {
              log.trace("a");
              log.debug("a");
              log.info("a");
            }),
            "");
  EXPECT_NE(written([&] { log.warning("b"); }), "");
  EXPECT_NE(written([&] { log.error("c"); }), "");

  stderr_logger silent(log_level::off, log_format::text, clock);
  EXPECT_EQ(written([&] { silent.error("d"); }), "");
}

TEST(null_logger, writes_nothing) {
  null_logger log;
  EXPECT_EQ(written([&] { log.error("e", field("n", 1)); }), "");
}

}  // namespace
}  // namespace tp
