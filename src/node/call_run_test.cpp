#include "node/call_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <deque>

#include "async/run.hpp"
#include "base/metrics.hpp"

namespace tp::node {
namespace {

using namespace std::chrono_literals;

// What the fake engine does next. It waits at a gate until the test opens it.
struct step {
  enum class kind { piece, end, fail } what = kind::piece;
  std::string text{};
  bool gated = false;
};

struct engine_plan {
  bool head_gated = false;
  errc refuses = errc::ok;  // instead of a head
  int status = 200;
  std::string type = "text/event-stream";
  std::deque<step> steps{};
};

// Both sides' notes, and the gate.
struct stage {
  explicit stage(const asio::any_io_executor& executor) : gate(executor) {}
  async::event gate;
  std::size_t aborted = 0;
  std::size_t answers_alive = 0;
};

class fake_answer final : public engine::engine_answer {
 public:
  fake_answer(engine_plan& plan, stage& on) : plan_(plan), on_(on) { ++on_.answers_alive; }
  ~fake_answer() override { --on_.answers_alive; }
  int status() const override { return plan_.status; }
  std::string_view content_type() const override { return plan_.type; }
  async::task<plaintext> read() override {
    if (aborted_) co_return errc::cancelled;
    if (plan_.steps.empty()) co_return plaintext();
    step next = std::move(plan_.steps.front());
    plan_.steps.pop_front();
    if (next.gated) {
      const auto opened = co_await on_.gate.wait();
      if (!opened) co_return opened.error();
    }
    if (aborted_) co_return errc::cancelled;
    if (next.what == step::kind::fail) co_return errc::engine_failed;
    if (next.what == step::kind::end) co_return plaintext();
    co_return plaintext(as_bytes(next.text));
  }
  void abort() noexcept override {
    if (!aborted_) ++on_.aborted;
    aborted_ = true;
    on_.gate.notify();
  }

 private:
  engine_plan& plan_;
  stage& on_;
  bool aborted_ = false;
};

class fake_engine final : public engine::engine {
 public:
  fake_engine(engine_plan& plan, stage& on) : plan_(plan), on_(on) {}
  async::task<std::unique_ptr<tp::engine::engine_answer>> call(tp::engine::engine_request,
                                                               async::deadline) override {
    if (plan_.head_gated) {
      const auto opened = co_await on_.gate.wait();
      if (!opened) co_return opened.error();
    }
    if (plan_.refuses != errc::ok) co_return plan_.refuses;
    co_return std::unique_ptr<tp::engine::engine_answer>(std::make_unique<fake_answer>(plan_, on_));
  }
  std::vector<tp::engine::model_info> models() const override { return {}; }
  async::task<void> start(async::deadline) override { co_return async::success(); }
  asio::awaitable<void> stop() override { co_return; }
  tp::engine::engine_state state() const override { return tp::engine::engine_state::ready; }
  tp::engine::engine_reason reason() const override { return tp::engine::engine_reason::none; }

 private:
  engine_plan& plan_;
  stage& on_;
};

// Notes what it is told, e.g. "begin 200", "piece", "end"; fails from the nth write on.
class noting_sink final : public answer_sink {
 public:
  async::task<void> whole(int code, codec::http_fields fields, plaintext body) override {
    notes.push_back("whole");
    keep(code, fields);
    text.append(body.reveal_text());
    co_return outcome();
  }
  async::task<void> sign_of_life() override {
    notes.push_back("sign");
    co_return outcome();
  }
  async::task<void> begin(int code, codec::http_fields fields) override {
    notes.push_back("begin");
    keep(code, fields);
    co_return outcome();
  }
  async::task<void> piece(plaintext data) override {
    const bool comment = data.reveal_text().starts_with(":");
    notes.push_back(comment ? "comment" : "piece");
    if (!comment) text.append(data.reveal_text());
    co_return outcome();
  }
  async::task<void> end() override {
    notes.push_back("end");
    co_return outcome();
  }
  std::size_t count(std::string_view what) const {
    return static_cast<std::size_t>(std::count(notes.begin(), notes.end(), what));
  }

  std::vector<std::string> notes;
  int status = 0;
  std::string type;
  std::string text;
  std::size_t fails_from = SIZE_MAX;

 private:
  void keep(int code, const codec::http_fields& fields) {
    status = code;
    type = std::string(fields.find("content-type").value_or(""));
  }
  result<void> outcome() const {
    if (notes.size() >= fails_from) return errc::connection_reset;
    return {};
  }
};

class call_run_test : public testing::Test {
 protected:
  call_run_test() {
    time.head_wait = 10s;
    time.comment = 10s;
    facts.which = openai::endpoint::chat_completions;
    facts.how = openai::delivery::streamed;
  }
  void start() {
    scope.spawn([](call_run_test* self) { return self->run(); }, this);
    turn();
  }
  asio::awaitable<void> run() {
    call_run running(loop.get_executor(), model, gate, facts, sink, time, count);
    engine::engine_request request;
    const auto ended = co_await running.run(std::move(request), async::deadline::never());
    outcome = ended ? errc::ok : to_errc(ended.error());
  }
  void turn() {
    loop.restart();
    loop.poll();
  }
  void open_gate() {
    on.gate.notify();
    turn();
  }
  void finish() {
    async::run(loop, scope.join());
    EXPECT_EQ(on.answers_alive, 0U);
  }
  bool until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!holds() && std::chrono::steady_clock::now() < end) {
      loop.restart();
      loop.run_one_for(10ms);
    }
    return holds();
  }
  using kind = step::kind;

  asio::io_context loop;
  metrics registry;
  meters count{registry};
  times time;
  openai::request_facts facts;
  engine_plan plan;
  stage on{loop.get_executor()};
  fake_engine model{plan, on};
  admission gate{loop.get_executor(), 1, 1};
  noting_sink sink;
  std::optional<errc> outcome;
  async::task_scope scope{loop.get_executor()};
};

TEST_F(call_run_test, a_stream_is_passed_on_piece_by_piece) {
  plan.steps = {{kind::piece, "data: 1\n\n"}, {kind::piece, "data: 2\n\n", true}, {kind::end, "", true}};
  start();
  EXPECT_EQ(sink.notes, (std::vector<std::string>{"begin", "piece"}))
      << "the first is out before the second is made";
  EXPECT_EQ(sink.status, 200);
  EXPECT_EQ(sink.type, "text/event-stream");
  open_gate();
  EXPECT_EQ(sink.count("piece"), 2U);
  EXPECT_EQ(outcome, std::nullopt);
  open_gate();
  finish();
  EXPECT_EQ(outcome, errc::ok);
  EXPECT_EQ(sink.notes.back(), "end");
  EXPECT_EQ(sink.count("comment"), 0U);
}

TEST_F(call_run_test, a_whole_answer_goes_as_one) {
  facts.how = openai::delivery::whole;
  plan.type = "text/plain";
  plan.steps = {{kind::piece, "one "}, {kind::piece, "two"}};
  start();
  finish();
  EXPECT_EQ(outcome, errc::ok);
  EXPECT_EQ(sink.notes, std::vector<std::string>{"whole"});
  EXPECT_EQ(sink.status, 200);
  EXPECT_EQ(sink.type, "text/plain");
  EXPECT_EQ(sink.text, "one two");
}

TEST_F(call_run_test, a_slow_head_is_replaced_by_one_of_ours_and_comments_follow) {
  time.head_wait = time.comment = 5ms;
  plan.head_gated = true;
  plan.steps = {{kind::piece, "data: 1\n\n"}};
  start();
  ASSERT_TRUE(until([&] { return sink.count("comment") >= 3; }));
  EXPECT_EQ(sink.notes.front(), "begin");
  EXPECT_EQ(sink.status, 200);
  open_gate();
  finish();
  EXPECT_EQ(outcome, errc::ok);
  EXPECT_EQ(sink.count("begin"), 1U);
  EXPECT_EQ(sink.count("piece"), 1U);
  EXPECT_EQ(sink.notes.back(), "end");
}

TEST_F(call_run_test, silence_between_pieces_is_filled_with_comments) {
  time.comment = 5ms;
  plan.steps = {{kind::piece, "data: 1\n\n"}, {kind::piece, "data: 2\n\n", true}};
  start();
  EXPECT_EQ(sink.count("piece"), 1U);
  ASSERT_TRUE(until([&] { return sink.count("comment") >= 2; }));
  open_gate();
  finish();
  EXPECT_EQ(outcome, errc::ok);
  EXPECT_EQ(sink.count("piece"), 2U);
}

TEST_F(call_run_test, who_asked_for_a_whole_answer_gets_signs_of_life_and_no_comments) {
  time.head_wait = time.comment = 5ms;
  facts.how = openai::delivery::whole;
  plan.head_gated = true;
  plan.type = "text/plain";
  plan.steps = {{kind::piece, "body", true}};
  start();
  ASSERT_TRUE(until([&] { return sink.count("sign") >= 2; }));  // before the engine's head
  open_gate();
  const std::size_t before = sink.count("sign");
  ASSERT_TRUE(until([&] { return sink.count("sign") >= before + 2; }));  // and before its body
  open_gate();
  finish();
  EXPECT_EQ(sink.notes.back(), "whole");
  EXPECT_EQ(sink.count("whole"), 1U);
  EXPECT_EQ(sink.count("comment") + sink.count("begin") + sink.count("piece"), 0U);
}

TEST_F(call_run_test, an_engine_that_fails_before_its_head_is_an_error_answer) {
  struct row {
    errc failure;
    int status;
    std::string code;
  };
  for (const row& each : {row{errc::engine_unavailable, 503, "engine_unavailable"},
                          row{errc::engine_failed, 502, "engine_failed"}}) {
    sink = {};
    plan.refuses = each.failure;
    start();
    finish();
    EXPECT_EQ(outcome, errc::ok) << each.code;
    EXPECT_EQ(sink.notes, std::vector<std::string>{"whole"});
    EXPECT_EQ(sink.status, each.status) << each.code;
    EXPECT_NE(sink.text.find(each.code), std::string::npos) << each.code;
  }
  EXPECT_EQ(count.engine_failures.value(), 2U);
}

TEST_F(call_run_test, one_that_fails_after_we_had_sent_a_head_ends_the_stream_with_an_error_event) {
  time.head_wait = 5ms;
  plan.head_gated = true;
  plan.refuses = errc::engine_failed;
  start();
  ASSERT_TRUE(until([&] { return sink.count("comment") == 1; }));
  open_gate();
  finish();
  EXPECT_EQ(outcome, errc::ok);
  EXPECT_EQ(sink.notes.back(), "end");
  EXPECT_TRUE(sink.text.starts_with("data: {\"error\""));
  EXPECT_EQ(sink.text.find("[DONE]"), std::string::npos);
}

TEST_F(call_run_test, one_that_fails_between_pieces_ends_the_stream_with_an_error_event) {
  plan.steps = {{kind::piece, "data: 1\n\n"}, {kind::fail}};
  start();
  finish();
  EXPECT_EQ(outcome, errc::ok);
  EXPECT_EQ(sink.notes, (std::vector<std::string>{"begin", "piece", "piece", "end"}));
  EXPECT_NE(sink.text.find("data: {\"error\""), std::string::npos);
  EXPECT_EQ(count.engine_failures.value(), 1U);
}

TEST_F(call_run_test, half_a_whole_answer_is_an_error_and_never_shown) {
  facts.how = openai::delivery::whole;
  plan.type = "application/json";
  plan.steps = {{kind::piece, "{\"half\":"}, {kind::fail}};
  start();
  finish();
  EXPECT_EQ(sink.notes, std::vector<std::string>{"whole"});
  EXPECT_EQ(sink.status, 502);
  EXPECT_EQ(sink.text.find("half"), std::string::npos);
}

TEST_F(call_run_test, an_engines_refusal_keeps_its_status_and_becomes_json) {
  plan.status = 400;
  plan.type = "text/html";
  plan.steps = {{kind::piece, "<h1>bad</h1>"}};
  start();
  finish();
  EXPECT_EQ(sink.notes, std::vector<std::string>{"whole"});
  EXPECT_EQ(sink.status, 400);
  EXPECT_EQ(sink.type, "application/json");
  EXPECT_NE(sink.text.find("\"error\""), std::string::npos);
}

TEST_F(call_run_test, a_refusal_after_our_own_head_is_an_event) {
  time.head_wait = 5ms;
  plan.head_gated = true;
  plan.status = 400;
  plan.type = "application/json";
  plan.steps = {
      {kind::piece, R"({"error":{"message":"no","type":"invalid_request_error","code":null,"param":null}})"}};
  start();
  ASSERT_TRUE(until([&] { return sink.count("comment") == 1; }));
  open_gate();
  finish();
  EXPECT_EQ(sink.count("begin"), 1U);
  EXPECT_EQ(sink.count("whole"), 0U);
  EXPECT_TRUE(sink.text.starts_with("data: "));
  EXPECT_TRUE(sink.text.ends_with("\n\n"));
  EXPECT_EQ(sink.notes.back(), "end");
}

TEST_F(call_run_test, a_caller_that_goes_away_aborts_the_engine) {
  for (const std::size_t nth : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    sink = {};
    sink.fails_from = nth;
    on.aborted = 0;
    plan.steps = {
        {kind::piece, "data: 1\n\n"}, {kind::piece, "data: 2\n\n"}, {kind::piece, "data: 3\n\n", true}};
    start();
    finish();
    EXPECT_EQ(outcome, errc::connection_reset) << nth;
    EXPECT_EQ(on.aborted, 1U) << nth;
    EXPECT_EQ(sink.notes.size(), nth) << "nothing is written after a failure";
  }
}

TEST_F(call_run_test, cancelling_it_ends_everything_wherever_it_is) {
  plan.steps = {{kind::piece, "data: 1\n\n"}, {kind::piece, "data: 2\n\n", true}};
  start();
  scope.cancel();
  finish();
  EXPECT_EQ(outcome, errc::cancelled);
  EXPECT_EQ(on.aborted, 1U);
}

TEST_F(call_run_test, cancelling_it_before_the_head_is_no_different) {
  plan.head_gated = true;
  start();
  scope.cancel();
  finish();
  EXPECT_EQ(outcome, errc::cancelled);
  EXPECT_TRUE(sink.notes.empty());
}

}  // namespace
}  // namespace tp::node
