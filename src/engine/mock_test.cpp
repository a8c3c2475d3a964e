#include "engine/mock.hpp"

#include "codec/json.hpp"
#include "engine/mock_reply.hpp"
#include "engine/test_support.hpp"
#include "openai/payload.hpp"

namespace tp::engine {
namespace {

using namespace testing;

struct mocked {
  explicit mocked(std::string_view script = "[]", std::chrono::nanoseconds silence = 20s)
      : engine({*parse_mock_script(script), silence}, in.with) {
    start(in, engine);
  }
  ~mocked() { stop(in, engine); }
  outcome ask(engine_request request) { return testing::ask(in, engine, std::move(request)); }
  world in;
  mock engine;
};

engine_request to(std::string_view target, std::string_view body) {
  engine_request out = chat("");
  out.target = target;
  out.body = plaintext(as_bytes(body));
  return out;
}

// The contents of a stream's deltas, in order.
std::string said(const outcome& from) {
  std::string out;
  for (const std::string& flush : from.flushes) {
    for (std::size_t at = flush.find("data: {"); at != std::string::npos;
         at = flush.find("data: {", at + 1)) {
      const auto parsed = codec::parse_json(flush.substr(at + 6, flush.find('\n', at) - at - 6));
      const json::array* choices = parsed ? codec::find_array(parsed->get_object(), "choices") : nullptr;
      if (choices == nullptr || choices->empty()) continue;
      const json::object* delta = codec::find_object(choices->at(0).get_object(), "delta");
      const json::string* content = delta == nullptr ? nullptr : codec::find_string(*delta, "content");
      if (content != nullptr) out += codec::text_of(*content);
    }
  }
  return out;
}

TEST(mock, answers_the_sentence_with_usage_in_words) {
  mocked with;
  const outcome got = with.ask(chat("What is the capital?"));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.content_type, "application/json");
  EXPECT_NE(got.text().find("Mock Response: The capital of France is Paris."), std::string::npos);
  EXPECT_NE(got.text().find(R"("usage":{"prompt_tokens":4,"completion_tokens":8,"total_tokens":12})"),
            std::string::npos);
  EXPECT_EQ(with.engine.models().at(0).id, "mock-model");
}

TEST(mock, streams_word_by_word) {
  mocked with;
  const outcome got = with.ask(chat("hi", streamed));
  EXPECT_EQ(got.content_type, "text/event-stream");
  EXPECT_EQ(got.flushes.size(), 9U);  // 8 words and the end
  EXPECT_EQ(said(got), mock_sentence);
  EXPECT_TRUE(got.text().ends_with("data: [DONE]\n\n"));
  EXPECT_EQ(got.text().find("usage"), std::string::npos);
}

TEST(mock, streams_usage_when_asked) {
  mocked with;
  const outcome got = with.ask(chat("hi", R"(,"stream":true,"stream_options":{"include_usage":true})"));
  EXPECT_NE(got.text().find(R"("completion_tokens":8)"), std::string::npos);
  EXPECT_NE(got.text().find(R"("usage":null)"), std::string::npos);
}

TEST(mock, its_answers_need_no_fixing) {
  mocked with;
  for (const std::string_view members : {std::string_view(), streamed}) {
    const outcome got = with.ask(chat("hi", members));
    openai::request_facts facts;
    const openai::answer_fixer fixer(facts);
    const plaintext fixed = members.empty() ? fixer.whole(plaintext(as_bytes(got.text())))
                                            : fixer.events(plaintext(as_bytes(got.text())));
    EXPECT_EQ(fixed.reveal_text(), got.text());
  }
}

struct drained {
  std::size_t pieces = 0;
  std::chrono::milliseconds delay{0};
};

drained drain(const mock_answer& answer) {
  drained out;
  for (auto piece = answer.next(); piece; piece = answer.next()) {
    ++out.pieces;
    out.delay += piece->delay;
  }
  return out;
}

TEST(mock, long_means_200_words_at_20_a_second) {
  const drained streamed_long = drain(make_mock_answer(chat("LONG story", streamed), {}, 0, 0));
  EXPECT_EQ(streamed_long.pieces, 201U);
  EXPECT_EQ(streamed_long.delay, 10s);
  const drained whole = drain(make_mock_answer(chat("LONG story"), {}, 0, 0));
  EXPECT_EQ(whole.pieces, 1U);
  EXPECT_EQ(whole.delay, 10s);
  EXPECT_EQ(drain(make_mock_answer(chat("not LONG", streamed), {}, 0, 0)).pieces, 9U);
}

TEST(mock, a_long_stream_is_made_while_it_is_read) {
  std::vector<mock_rule> rules(1);
  rules[0].reply.emplace();
  for (int i = 0; i < 20'000; ++i) *rules[0].reply += "word ";
  const auto begun = std::chrono::steady_clock::now();
  const mock_answer answer = make_mock_answer(chat("x", streamed), rules, 0, 0);
  const auto made = std::chrono::steady_clock::now();
  EXPECT_EQ(drain(answer).pieces, 20'001U);
  const auto read = std::chrono::steady_clock::now();
  EXPECT_LT(made - begun, (read - made) / 4) << "or every other call on the loop waits for the whole of it";
}

TEST(mock, other_endpoints_answer_in_their_shape) {
  mocked with;
  EXPECT_NE(with.ask(to("/v1/completions", R"({"model":"m","prompt":"a b"})")).text().find("text_completion"),
            std::string::npos);
  EXPECT_NE(with.ask(to("/v1/responses", R"({"model":"m","input":"a"})")).text().find("output_text"),
            std::string::npos);
  const outcome events = with.ask(to("/v1/responses", R"({"model":"m","input":"a","stream":true})"));
  EXPECT_NE(events.text().find("event: response.output_text.delta"), std::string::npos);
  EXPECT_NE(events.text().find("event: response.completed"), std::string::npos);
  EXPECT_EQ(with.ask(to("/v1/rerank", "{}")).status, 501);
  EXPECT_EQ(with.ask(to("/v1/chat/completions", "{")).status, 500);
}

TEST(mock, embeddings_are_the_same_every_time) {
  mocked with;
  const outcome one = with.ask(to("/v1/embeddings", R"({"model":"m","input":["a","b"]})"));
  EXPECT_EQ(one.text(), with.ask(to("/v1/embeddings", R"({"model":"m","input":["a","b"]})")).text());
  EXPECT_NE(one.text().find(R"("index":1)"), std::string::npos);
  const outcome coded =
      with.ask(to("/v1/embeddings", R"({"model":"m","input":"a","encoding_format":"base64"})"));
  EXPECT_NE(coded.text().find(R"("embedding":")"), std::string::npos);
}

TEST(mock_faults, a_cut_answer_fails_after_its_words) {
  mocked with(R"([{"fault":"cut","after":3}])");
  const outcome got = with.ask(chat("hi", streamed));
  EXPECT_EQ(got.error, errc::engine_failed);
  EXPECT_EQ(got.flushes.size(), 3U);
  EXPECT_EQ(with.ask(chat("hi")).error, errc::engine_failed);
  EXPECT_EQ(with.engine.calls_under_way(), 0U);
}

TEST(mock_faults, a_hanging_engine_fails_by_its_silence) {
  mocked with(R"([{"match":"head","fault":"hang"},{"fault":"hang","after":2}])", 20ms);
  const outcome head = with.ask(chat("head", streamed));
  EXPECT_EQ(head.error, errc::engine_failed);
  EXPECT_EQ(head.status, 0);
  const outcome body = with.ask(chat("body", streamed));
  EXPECT_EQ(body.error, errc::engine_failed);
  EXPECT_EQ(body.flushes.size(), 2U);
}

TEST(mock_faults, a_deadline_ends_a_hanging_call_first) {
  mocked with(R"([{"fault":"hang","after":1}])");
  const outcome got = ask(with.in, with.engine, chat("x", streamed), async::deadline::after(20ms));
  EXPECT_EQ(got.error, errc::deadline_exceeded);
  EXPECT_EQ(got.flushes.size(), 1U);
}

TEST(mock_faults, errors_are_llama_servers) {
  mocked with(R"([{"match":"500","fault":"error_500"},{"match":"load","fault":"unavailable"},
                  {"match":"own","status":429,"body":"{}"},{"fault":"malformed","after":1}])");
  EXPECT_EQ(with.ask(chat("500")).status, 500);
  EXPECT_EQ(with.ask(chat("load")).error, errc::engine_unavailable);
  const outcome own = with.ask(chat("own"));
  EXPECT_EQ(own.status, 429);
  EXPECT_EQ(own.text(), "{}");
  const outcome malformed = with.ask(chat("x", streamed));
  EXPECT_EQ(malformed.error, errc::ok);
  EXPECT_TRUE(malformed.text().ends_with("\"delta\":\n\n"));
}

asio::awaitable<void> ask_into(engine* of, engine_request request, outcome* out) {
  outcome got = co_await ask(of, std::move(request), soon());
  *out = std::move(got);
}

TEST(mock, stop_ends_calls_under_way_and_refuses_new_ones) {
  mocked with(R"([{"fault":"hang","after":1}])");
  async::task_scope scope(with.in.executor());
  outcome got;
  scope.spawn(ask_into(&with.engine, chat("x", streamed), &got));
  with.in.run_until([&] { return with.engine.calls_under_way() == 1; });
  stop(with.in, with.engine);
  async::run(with.in.loop, scope.join());
  EXPECT_EQ(got.error, errc::cancelled);
  EXPECT_EQ(with.ask(chat("x")).error, errc::engine_unavailable);
}

TEST(mock, cancelling_a_caller_leaves_no_call_behind) {
  mocked with(R"([{"fault":"hang"}])");
  async::task_scope scope(with.in.executor());
  outcome got;
  scope.spawn(ask_into(&with.engine, chat("x", streamed), &got));
  with.in.run_until([&] { return with.engine.calls_under_way() == 1; });
  scope.cancel();
  async::run(with.in.loop, scope.join());
  EXPECT_EQ(got.error, errc::cancelled);
  EXPECT_EQ(with.engine.calls_under_way(), 0U);
}

}  // namespace
}  // namespace tp::engine
