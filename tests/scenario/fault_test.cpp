// What breaks, and what a person sees of it: the error that E2EE sections 8 to 10 name, and a system that
// works on.
#include "scenario/raw_client.hpp"

namespace tp::scenario {
namespace {

using client::answer_origin;

constexpr std::string_view scripts =
    R"([{"match":"slow","reply":"one two three four five six","delay_ms_between":20},
        {"match":"endless","reply":"one two three","delay_ms_between":60000},
        {"match":"hang","fault":"hang"},
        {"match":"half","reply":"one two three","fault":"hang","after":2},
        {"match":"cut","reply":"one two three","fault":"cut","after":2},
        {"match":"broken","fault":"error_500"},
        {"match":"loading","fault":"unavailable"}])";

class faults : public house {
 protected:
  void furnish_with_scripts(relay::settings config = quick_relay()) {
    furnish({.script = std::string(scripts)}, std::move(config));
  }
  // Two nodes, and a client that knows both and is pinned to neither.
  void furnish_two() {
    open_relay();
    add_node({.script = std::string(scripts), .identity = 1});
    add_node({.script = std::string(scripts), .identity = 2});
    add_client();
  }
  node_place& of(const chat& each) {
    return *each.node == nodes_.front().peer() ? nodes_.front() : nodes_.back();
  }
};

TEST_F(faults, a_node_lost_before_the_first_byte_costs_nothing_but_a_retry) {
  furnish_two();
  const auto hanging = client().start({.says = "hang", .stream = false});
  ASSERT_TRUE(until([&] { return nodes_.front().engine().calls() + nodes_.back().engine().calls() == 1; }));
  node_place& asked = nodes_.front().engine().calls() == 1 ? nodes_.front() : nodes_.back();
  node_place& other = &asked == &nodes_.front() ? nodes_.back() : nodes_.front();
  asked.kill();
  ASSERT_TRUE(until([&] { return other.engine().calls() == 1; })) << "sealed again, to the other node";
  EXPECT_FALSE(hanging->done);
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_total{outcome=\"node_gone\"}"), 1);
  EXPECT_TRUE(still_works());
}

TEST_F(faults, the_only_node_lost_before_the_first_byte_is_node_gone) {
  furnish_with_scripts();
  const auto hanging = client().start({.says = "hang", .stream = false});
  ASSERT_TRUE(until([&] { return first().engine().calls() == 1; }));
  first().kill();
  ASSERT_TRUE(until([&] { return hanging->done; }));
  EXPECT_EQ(hanging->origin, answer_origin::relay);
  EXPECT_EQ(hanging->status, 502);
  EXPECT_EQ(hanging->code(), "node_gone");
  add_node({.identity = 2});
  EXPECT_TRUE(still_works());
}

TEST_F(faults, a_node_lost_between_tokens_truncates_the_answer_and_nobody_asks_again) {
  furnish_two();
  const auto cut = client().start({.says = "endless"});
  ASSERT_TRUE(until([&] { return cut->pieces == 1; }));
  of(*cut).kill();
  ASSERT_TRUE(until([&] { return cut->done; }));
  EXPECT_EQ(cut->error, errc::truncated);
  EXPECT_TRUE(cut->has("one"));
  EXPECT_EQ(nodes_.front().engine().calls() + nodes_.back().engine().calls(), 1U);
  EXPECT_TRUE(still_works());
}

TEST_F(faults, the_relay_lost_between_tokens_truncates_the_answer_and_the_node_finds_the_next_one) {
  furnish_with_scripts();
  const auto cut = client().start({.says = "endless"});
  ASSERT_TRUE(until([&] { return cut->pieces == 1; }));
  relay::settings again = quick_relay();
  again.port = relay_->port();
  relay_->kill();
  ASSERT_TRUE(until([&] { return cut->done; }));
  EXPECT_EQ(cut->error, errc::truncated);
  ASSERT_TRUE(until([&] { return first().engine().calls_under_way() == 0; })) << "nobody listens any more";
  relay_.reset();
  open_relay(std::move(again));
  ASSERT_TRUE(until([&] { return relay_->nodes() == 1; }, 2s)) << "serving again in two seconds";
  EXPECT_TRUE(still_works());
}

TEST_F(faults, a_client_that_leaves_mid_stream_ends_the_engines_work_at_once) {
  furnish({.script = std::string(scripts), .concurrency = 1});
  const auto leaving = client().start({.says = "endless"});
  ASSERT_TRUE(until([&] { return leaving->pieces == 1; }));
  EXPECT_EQ(first().engine().calls_under_way(), 1U);
  const auto left = std::chrono::steady_clock::now();
  leaving->answer->abort();
  ASSERT_TRUE(until([&] { return first().engine().calls_under_way() == 0; }));
  EXPECT_LT(std::chrono::steady_clock::now() - left,
            1s);  // sanitizers and load take their share; tests/e2e/load_test.py holds the 100 ms
  EXPECT_TRUE(until([&] { return leaving->done; }));
  EXPECT_TRUE(until(
      [&] { return relay_->metric("token_place_relay_exchanges_total{outcome=\"client_gone\"}") == 1; }));
  EXPECT_TRUE(still_works()) << "the only slot is free again";
}

TEST_F(faults, a_client_that_leaves_while_it_waits_gives_its_place_in_the_queue_back) {
  furnish({.script = std::string(scripts), .concurrency = 1, .queue = 1});
  const auto working = client().start({.says = "endless"});
  ASSERT_TRUE(until([&] { return working->pieces == 1; }));
  {
    raw_client waiting(loop, relay_->port());
    const std::string body = R"({"model":"mock-model","messages":[{"role":"user","content":"hi"}]})";
    waiting.send(sealed_post(first().peer(), client().seal(first().peer(), body)));
    ASSERT_TRUE(until([&] { return first().own.metric("token_place_node_queued") == 1; }));
  }
  EXPECT_TRUE(until([&] { return first().own.metric("token_place_node_queued") == 0; }));
  EXPECT_EQ(first().engine().calls(), 1U);
}

TEST_F(faults, a_restarted_node_has_new_keys_and_one_retry_finds_them) {
  furnish();
  EXPECT_EQ(talk()->error, errc::ok);
  nodes_.clear();
  ASSERT_TRUE(until([&] { return relay_->nodes() == 0; }));
  add_node();                                        // the same identity; its OHTTP keys were in memory only
  const auto after = talk({.pin = first().peer()});  // sealed by the record the client still holds
  EXPECT_EQ(after->error, errc::ok);
  EXPECT_EQ(after->origin, answer_origin::node);
  EXPECT_EQ(after->status, 200);
  EXPECT_EQ(first().own.metric("token_place_node_envelopes_refused_total"), 1);
  EXPECT_EQ(first().engine().calls(), 1U);
}

TEST_F(faults, a_client_with_a_wrong_clock_corrects_itself_once) {
  furnish();
  client().own.clock.shift(400s);
  const auto late = talk();
  EXPECT_EQ(late->error, errc::ok);
  EXPECT_EQ(late->status, 200);
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_total{outcome=\"completed\"}"), 2);
  EXPECT_EQ(first().engine().calls(), 1U);
  EXPECT_EQ(talk()->status, 200);
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_total{outcome=\"completed\"}"), 3)
      << "what was learnt is kept";
}

TEST_F(faults, an_expired_record_is_dropped_by_the_relay_and_refused_by_a_client) {
  furnish();
  client().own.clock.shift(3h);
  const auto list = run(client().nodes.fetch(async::deadline::after(10s)));
  ASSERT_TRUE(list.has_value());
  EXPECT_TRUE(list->nodes.empty());
  EXPECT_EQ(list->dropped, 1U);
  EXPECT_EQ(list->dropped_because, errc::expired);

  const bytes body = client().seal(first().peer(), "{}");
  relay_->own.clock.shift(3h);
  ASSERT_TRUE(until([&] { return relay_->nodes() == 0; }));
  raw_client late(loop, relay_->port());
  late.send(sealed_post(first().peer(), as_bytes("whatever")));
  const raw_answer refused = late.answer();
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.code(), "node_not_found");
}

TEST_F(faults, a_hanging_engine_is_an_error_in_its_time) {
  furnish({.script = std::string(scripts), .engine_silence = 50ms});
  const auto whole = talk({.says = "hang", .stream = false});
  EXPECT_EQ(whole->error, errc::ok);
  EXPECT_EQ(whole->origin, answer_origin::node);
  EXPECT_GE(whole->status, 500);
  EXPECT_EQ(whole->code(), "engine_failed");
  const auto half = talk({.says = "half"});
  EXPECT_EQ(half->error, errc::ok) << "the envelope ends properly; the error is inside";
  EXPECT_TRUE(half->has("two"));
  EXPECT_TRUE(half->has("\"error\""));
  EXPECT_FALSE(half->has("[DONE]"));
  EXPECT_EQ(first().own.metric("token_place_node_engine_failures_total"), 2);
  EXPECT_TRUE(still_works());
}

TEST_F(faults, an_engine_that_fails_is_an_error_and_the_next_call_works) {
  furnish_with_scripts();
  const auto cut = talk({.says = "cut"});
  EXPECT_EQ(cut->error, errc::ok);
  EXPECT_TRUE(cut->has("two") && cut->has("\"error\"") && !cut->has("[DONE]"));
  const auto broken = talk({.says = "broken"});
  EXPECT_EQ(broken->status, 500);
  EXPECT_TRUE(broken->has("\"error\""));
  const auto loading = talk({.says = "loading"});
  EXPECT_EQ(loading->status, 503);
  EXPECT_EQ(loading->code(), "engine_unavailable");
  EXPECT_TRUE(still_works());
}

TEST_F(faults, a_silent_engine_keeps_its_caller_with_a_head_and_comments) {
  node_plan patient{.script = std::string(scripts)};
  patient.time.head_wait = 30ms;
  patient.time.comment = 30ms;
  furnish(std::move(patient));
  const auto waiting = client().start({.says = "hang"});
  ASSERT_TRUE(until([&] { return waiting->pieces >= 3; }));
  EXPECT_EQ(waiting->status, 200);
  EXPECT_TRUE(waiting->text.starts_with(":\n\n"));
  EXPECT_FALSE(waiting->has("data:"));
}

TEST_F(faults, a_full_queue_is_node_busy_with_a_time_to_come_back) {
  furnish({.script = std::string(scripts), .concurrency = 1, .queue = 0});
  const auto working = client().start({.says = "endless"});
  ASSERT_TRUE(until([&] { return working->pieces == 1; }));
  const auto refused = client().start({.pin = first().peer()});
  ASSERT_TRUE(until([&] { return refused->done; }));
  EXPECT_EQ(refused->origin, answer_origin::node) << "the node said so, sealed";
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->code(), "node_busy");
  const std::string wait(refused->fields.find("retry-after").value_or("none"));
  EXPECT_EQ(wait.find_first_not_of("0123456789"), std::string::npos) << wait;
  EXPECT_GE(std::strtoul(wait.c_str(), nullptr, 10), 1U) << wait;
  EXPECT_EQ(first().engine().calls(), 1U) << "the refused call did not reach the engine";
  working->answer->abort();
  ASSERT_TRUE(until([&] { return first().engine().calls_under_way() == 0; }));
  EXPECT_TRUE(still_works());
}

TEST_F(faults, the_relay_itself_refuses_what_no_slot_and_no_queue_is_left_for) {
  furnish({.script = std::string(scripts), .concurrency = 1, .queue = limits::node_queue_default});
  std::vector<std::shared_ptr<chat>> all;
  for (std::size_t i = 0; i <= limits::node_queue_default; ++i)
    all.push_back(client().start({.says = "endless"}));
  ASSERT_TRUE(until([&] {
    return relay_->metric("token_place_relay_exchanges_open") == static_cast<std::int64_t>(all.size());
  }));
  raw_client late(loop, relay_->port());
  late.send(sealed_post(first().peer(), as_bytes("whatever")));
  const raw_answer refused = late.answer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.code(), "node_busy");
  EXPECT_TRUE(refused.fields.find("retry-after").has_value());
}

}  // namespace
}  // namespace tp::scenario
