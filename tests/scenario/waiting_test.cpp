// Calls that wait long, for a slot or for a slow engine: bytes flow meanwhile, so that nobody on the way
// gives them up (E2EE section 7, "Response").
#include "scenario/raw_client.hpp"

namespace tp::scenario {
namespace {

constexpr std::string_view scripts =
    R"([{"match":"slow","reply":"one two three four five six seven eight nine ten","delay_ms_between":60},
        {"match":"thinks","reply":"at last","delay_ms_first":1000}])";

class waiting : public house {
 protected:
  static node_plan impatient() {
    node_plan plan{.script = std::string(scripts), .concurrency = 1, .queue = 1};
    plan.time.head_wait = plan.time.comment = 30ms;
    return plan;
  }
  // A relay that gives up what sends nothing for a fraction of the engine's time.
  static relay::settings strict() {
    relay::settings config = quick_relay();
    config.time.first_head = config.time.silence = 400ms;
    return config;
  }
};

TEST_F(waiting, a_stream_in_the_queue_gets_its_head_and_comments) {
  furnish(impatient());
  const auto slow = client().start({.says = "slow"});
  ASSERT_TRUE(until([&] { return slow->pieces > 0; }));
  const auto queued = client().start({.says = "hello"});
  ASSERT_TRUE(until([&] { return queued->has(":\n\n") || queued->done; }));
  EXPECT_FALSE(slow->done) << "or this shows nothing";
  EXPECT_EQ(first().own.metric("token_place_node_queued"), 1);
  EXPECT_EQ(queued->status, 200);
  ASSERT_TRUE(until([&] { return queued->done; }));
  EXPECT_EQ(queued->error, errc::ok);
  EXPECT_TRUE(queued->has("[DONE]"));
}

TEST_F(waiting, who_waited_too_long_after_the_head_is_told_within_the_stream) {
  node_plan plan = impatient();
  plan.time.queue = 100ms;
  furnish(std::move(plan));
  const auto slow = client().start({.says = "slow"});
  ASSERT_TRUE(until([&] { return slow->pieces > 0; }));
  const auto queued = client().start({.says = "hello"});
  ASSERT_TRUE(until([&] { return queued->done; }));
  EXPECT_EQ(queued->error, errc::ok);
  EXPECT_EQ(queued->status, 200);
  EXPECT_TRUE(queued->has("\"node_busy\""));
  EXPECT_FALSE(queued->has("[DONE]"));
  EXPECT_EQ(first().own.metric("token_place_node_engine_failures_total"), 0);
  EXPECT_EQ(first().own.metric("token_place_node_refused_total"), 1);
}

TEST_F(waiting, a_whole_answer_that_takes_longer_than_the_relay_waits_arrives) {
  furnish(impatient(), strict());
  const auto late = talk({.says = "thinks", .stream = false});
  EXPECT_EQ(late->error, errc::ok);
  EXPECT_EQ(late->status, 200);
  EXPECT_TRUE(late->has("at last"));
  EXPECT_FALSE(late->has(":\n\n"));
}

TEST_F(waiting, an_error_after_signs_of_life_keeps_its_status) {
  node_plan plan = impatient();
  plan.script = R"([{"match":"thinks","status":503,"delay_ms_first":1000}])";
  furnish(std::move(plan), strict());
  const auto late = talk({.says = "thinks", .stream = false});
  EXPECT_EQ(late->error, errc::ok);
  EXPECT_EQ(late->status, 503);
}

}  // namespace
}  // namespace tp::scenario
