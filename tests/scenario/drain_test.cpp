// Shutdown in good order: what is under way finishes, what is new is refused, nothing hangs, nothing is left.
#include "scenario/raw_client.hpp"

namespace tp::scenario {
namespace {

constexpr std::string_view scripts =
    R"([{"match":"slow","reply":"one two three four five six seven eight nine ten","delay_ms_between":30},
        {"match":"endless","reply":"one two three","delay_ms_between":60000}])";

constexpr std::string_view get_ready = "GET /readyz HTTP/1.1\r\nHost: relay\r\n\r\n";

constexpr std::string_view chat_text =
    R"({"model":"mock-model","stream":true,"messages":[{"role":"user","content":"hi"}]})";

// Loads for ever, as a large model or an address where nobody is.
class loading_engine final : public engine::engine {
 public:
  explicit loading_engine(const asio::any_io_executor& executor) : ready_(executor) {}
  async::task<std::unique_ptr<tp::engine::engine_answer>> call(tp::engine::engine_request,
                                                               async::deadline) override {
    co_return errc::engine_unavailable;
  }
  std::vector<tp::engine::model_info> models() const override { return {}; }
  async::task<void> start(async::deadline) override { return ready_.wait(); }
  asio::awaitable<void> stop() override { co_return; }
  tp::engine::engine_state state() const override { return tp::engine::engine_state::starting; }
  tp::engine::engine_reason reason() const override { return tp::engine::engine_reason::none; }

 private:
  async::event ready_;
};

class drains : public house {
 protected:
  std::shared_ptr<chat> begun(std::string says) {
    auto made = client().start({.says = std::move(says)});
    EXPECT_TRUE(until([&] { return made->pieces > 0; }));
    return made;
  }
};

TEST_F(drains, a_relay_lets_exchanges_finish_refuses_new_ones_and_returns) {
  furnish({.script = std::string(scripts)});
  raw_client kept(loop, relay_->port());
  kept.send(std::string(get_ready));
  EXPECT_EQ(kept.answer().status, 200);
  const auto slow = begun("slow");
  raw_client busy(loop, relay_->port());  // in the middle of an upload when the drain begins
  busy.send(sealed_head(first().peer(), "Content-Length: 8\r\n") + "enve");
  ASSERT_TRUE(until([&] { return relay_->metric("token_place_relay_exchanges_open") == 2; }));
  relay_->drain();
  EXPECT_TRUE(kept.closed()) << "idle connections go at once";
  busy.send(std::string("lope"));
  EXPECT_EQ(busy.answer().status, 400) << "not an envelope, but answered";
  busy.send(sealed_post(first().peer(), as_bytes("envelope")));
  const raw_answer refused = busy.answer();
  EXPECT_TRUE(refused.status == 503 || refused.status == 0);
  EXPECT_FALSE(slow->done) << "or this shows nothing";
  ASSERT_TRUE(until([&] { return slow->done; }));
  EXPECT_EQ(slow->error, errc::ok);
  EXPECT_TRUE(slow->has("[DONE]"));
  EXPECT_TRUE(until([&] { return relay_->stopped(); }, 2s))
      << "long before drain_time: nothing is left to wait for";
}

TEST_F(drains, a_relay_cuts_what_does_not_finish_in_time) {
  relay::settings config = quick_relay();
  config.time.drain = 100ms;
  furnish({.script = std::string(scripts)}, std::move(config));
  const auto endless = begun("endless");
  relay_->drain();
  EXPECT_TRUE(until([&] { return relay_->stopped(); }, 5s));
  ASSERT_TRUE(until([&] { return endless->done; }));
  EXPECT_EQ(endless->error, errc::truncated);
  EXPECT_TRUE(until([&] { return first().engine().calls_under_way() == 0; }));
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_total{outcome=\"drained\"}"), 1);
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_total{outcome=\"node_gone\"}"), 0);
}

TEST_F(drains, one_that_was_not_answered_yet_is_told_why) {
  relay::settings config = quick_relay();
  config.time.drain = 100ms;
  furnish({.script = R"([{"fault":"hang"}])"}, std::move(config));
  raw_client waiting(loop, relay_->port());
  const bytes body =
      client().seal(first().peer(), R"({"model":"mock-model","messages":[{"role":"user","content":"hi"}]})");
  waiting.send(sealed_post(first().peer(), body));
  ASSERT_TRUE(until([&] { return first().engine().calls_under_way() == 1; }));
  relay_->drain();
  const raw_answer told = waiting.answer();
  EXPECT_EQ(told.status, 503);
  EXPECT_EQ(told.code(), "shutting_down");
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_total{outcome=\"drained\"}"), 1);
}

TEST_F(drains, a_node_finishes_its_calls_takes_no_new_ones_and_returns) {
  furnish({.script = std::string(scripts)});
  const auto slow = begun("slow");
  first().drain();
  ASSERT_TRUE(until([&] { return relay_->nodes() == 0; })) << "it leaves the directory first";
  EXPECT_FALSE(slow->done);
  ASSERT_TRUE(until([&] { return slow->done; }));
  EXPECT_EQ(slow->error, errc::ok);
  EXPECT_TRUE(slow->has("[DONE]"));
  EXPECT_TRUE(until([&] { return first().stopped(); }, 5s));
}

TEST_F(drains, a_node_answers_what_is_on_its_way_to_it) {
  furnish();
  const bytes sealed = client().seal(first().peer(), chat_text);
  raw_client slow(loop, relay_->port());
  const std::string length = "Content-Length: " + std::to_string(sealed.size()) + "\r\n";
  slow.send(sealed_head(first().peer(), length));
  slow.send(bytes_view(sealed).first(20));
  ASSERT_TRUE(until([&] { return relay_->metric("token_place_relay_exchanges_open") == 1; }));
  first().drain();
  ASSERT_TRUE(until([&] { return relay_->nodes() == 0; }));
  EXPECT_FALSE(first().stopped());
  slow.send(bytes_view(sealed).subspan(20));
  const raw_answer answered = slow.answer();
  EXPECT_EQ(answered.status, 200);
  EXPECT_TRUE(answered.complete);
  EXPECT_EQ(first().engine().calls(), 1U);
  EXPECT_TRUE(until([&] { return first().stopped(); }, 5s));
}

TEST_F(drains, a_slow_reader_gets_the_end_that_waited_in_the_window) {
  std::string reply;  // some megabytes of events: more than window and sockets hold
  for (int i = 0; i < 40'000; ++i) reply += "abcdefghijklmnopqrs ";
  furnish({.script = R"([{"reply":")" + reply + "\"}]"});
  raw_client slow(loop, relay_->port(), 8'192);
  const bytes sealed = client().seal(first().peer(), chat_text);
  slow.send(sealed_post(first().peer(), sealed));
  const auto held = [&] { return relay_->metric("token_place_relay_unsent_bytes"); };
  const auto half_a_window = static_cast<std::int64_t>(limits::yamux_window) / 2;
  ASSERT_TRUE(until([&] { return held() > half_a_window; }, 90s)) << "a sanitizer makes events slowly";
  first().drain();
  ASSERT_TRUE(until([&] { return relay_->nodes() == 0; }));
  EXPECT_EQ(first().engine().calls_under_way(), 1U) << "or this shows nothing";
  const raw_answer answered = slow.answer();
  EXPECT_EQ(answered.status, 200);
  EXPECT_TRUE(answered.complete);
  EXPECT_GT(answered.body.size(), std::size_t{6'000'000});
  EXPECT_TRUE(until([&] { return first().stopped(); }, 5s));
}

TEST_F(drains, a_node_without_its_relay_is_gone_at_once) {
  furnish();
  relay_->kill();
  ASSERT_TRUE(until([&] { return !first().serving(); }));
  first().drain();
  EXPECT_TRUE(until([&] { return first().stopped(); }, 1s)) << "it waits for no try to connect";
}

TEST_F(drains, a_node_whose_engine_still_loads_is_gone_at_once) {
  open_relay();
  node_plan plan{};
  plan.model = std::make_unique<loading_engine>(loop.get_executor());
  nodes_.emplace_back(loop, std::move(plan), relay_->url(), ++seed_);
  loop.restart();
  loop.poll();
  ASSERT_FALSE(first().stopped());
  first().drain();
  EXPECT_TRUE(until([&] { return first().stopped(); }, 1s));
}

TEST_F(drains, a_node_cuts_what_does_not_finish_in_time) {
  node_plan plan{.script = std::string(scripts)};
  plan.time.drain = 100ms;
  furnish(std::move(plan));
  const auto endless = begun("endless");
  first().drain();
  EXPECT_TRUE(until([&] { return first().stopped(); }, 5s));
  ASSERT_TRUE(until([&] { return endless->done; }));
  EXPECT_EQ(endless->error, errc::truncated);
}

TEST_F(drains, nothing_under_way_is_over_at_once) {
  furnish();
  EXPECT_EQ(talk()->error, errc::ok);
  clients_.clear();
  const auto before = std::chrono::steady_clock::now();
  relay_->drain();
  EXPECT_TRUE(until([&] { return relay_->stopped(); }));
  first().drain();
  EXPECT_TRUE(until([&] { return first().stopped(); }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
}

}  // namespace
}  // namespace tp::scenario
