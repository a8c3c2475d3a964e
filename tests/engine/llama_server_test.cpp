// The real llama-server with the real default model; skipped, with the reason, where tools/setup has not
// fetched them. What needs no model (a program that is not one, a model that is none) runs wherever the
// program is.
#include "engine/llama_server.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "async/event.hpp"
#include "engine/engine_choice.hpp"
#include "engine/test_support.hpp"
#include "openai/payload.hpp"

namespace tp::engine {
namespace {

using namespace testing;

engine_options options_here() {
  engine_options out;
  for (char** variable = environ; *variable != nullptr; ++variable) out.environment.emplace_back(*variable);
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  out.cache_dir =
      (cache != nullptr ? std::string(cache) : std::string(home == nullptr ? "" : home) + "/.cache") +
      "/token.place";
  return out;
}

class real_llama_server : public ::testing::Test {
 protected:
  void SetUp() override {
    const engine_options options = options_here();
    const auto program = find_llama_server(options);
    if (!program) GTEST_SKIP() << "no llama-server here: run tools/setup/get-engine.sh";
    const std::string model = default_model_file(options.cache_dir);
    if (!std::filesystem::exists(model)) GTEST_SKIP() << "no model here: run tools/setup/get-model.sh";
    settings.options.program = *program;
    settings.options.model_file = model;
    settings.options.model_id = default_model_id;
    settings.options.context_length = 512;
    settings.options.slots = 2;
    settings.environment = options.environment;
    settings.restarts.backoff_first = 10ms;
    settings.restarts.restarts_max = 2;
    settings.probe_interval = 50ms;
  }
  void TearDown() override {
    if (engine) stop(in, *engine);
  }
  errc begin() {
    engine = std::make_unique<llama_server>(in.executor(), std::move(settings), in.with);
    return start(in, *engine, async::deadline::after(60s));
  }
  void run_until(const std::function<bool()>& done) { in.run_until(done); }
  llama_server_settings settings;
  world in;
  std::unique_ptr<llama_server> engine;
};

constexpr std::string_view short_stream = R"(,"stream":true,"max_tokens":8,"temperature":0)";
constexpr std::string_view endless_stream = R"(,"stream":true,"max_tokens":8000,"ignore_eos":true)";

// The child's command line, which every user of a machine can read, shows no key, and its page of prompts is
// off.
void expect_private(int pid) {
  const std::string file = "/proc/" + std::to_string(pid) + "/cmdline";
  std::string line(4096, '\0');
  std::FILE* from = std::fopen(file.c_str(), "r");
  ASSERT_NE(from, nullptr);
  line.resize(std::fread(line.data(), 1, line.size(), from));
  std::fclose(from);
  EXPECT_EQ(line.find("api-key"), std::string::npos);
  EXPECT_NE(line.find("--no-slots"), std::string::npos);
}

TEST_F(real_llama_server, chats_streams_and_embeds) {
  ASSERT_EQ(begin(), errc::ok);
  ASSERT_EQ(engine->models().size(), 1U);
  EXPECT_EQ(engine->models()[0].id, default_model_id);
  EXPECT_EQ(engine->models()[0].context_length, 512);
  const outcome whole = ask(in, *engine, chat("What is the capital of France?", R"(,"max_tokens":8)"));
  EXPECT_EQ(whole.status, 200);
  EXPECT_TRUE(whole.content_type.starts_with("application/json"));
  openai::request_facts facts;
  const plaintext fixed = openai::answer_fixer(facts).whole(plaintext(as_bytes(whole.text())));
  EXPECT_NE(fixed.reveal_text().find(R"("logprobs":null)"), std::string_view::npos);
  EXPECT_NE(fixed.reveal_text().find(R"("refusal":null)"), std::string_view::npos);
  const outcome stream = ask(in, *engine, chat("hello", short_stream));
  EXPECT_EQ(stream.error, errc::ok);
  EXPECT_GE(stream.flushes.size(), 4U);
  EXPECT_TRUE(stream.text().ends_with("data: [DONE]\n\n"));
  engine_request embed = chat("");
  embed.target = "/v1/embeddings";
  embed.body = plaintext(as_bytes(R"({"model":"m","input":"a"})"));
  EXPECT_EQ(ask(in, *engine, std::move(embed)).status, 200);
  expect_private(engine->child_pid());
}

TEST_F(real_llama_server, killed_mid_stream_it_fails_the_call_and_comes_back) {
  ASSERT_EQ(begin(), errc::ok);
  const int first_child = engine->child_pid();
  async::task_scope scope(in.executor());
  outcome got;
  scope.spawn(
      [](llama_server* of, outcome* out) -> asio::awaitable<void> {
        const result<std::unique_ptr<engine_answer>> answer =
            co_await of->call(chat("hi", endless_stream), soon());
        if (!answer) co_return;
        for (;;) {
          const result<plaintext> piece = co_await (*answer)->read();
          if (!piece) out->error = to_errc(piece.error());
          if (!piece || piece->empty()) co_return;
          out->flushes.emplace_back();
          if (out->flushes.size() == 2) ::kill(of->child_pid(), SIGKILL);
        }
      },
      engine.get(), &got);
  async::run(in.loop, scope.join());
  EXPECT_TRUE(got.error == errc::engine_failed || got.error == errc::cancelled);
  run_until([&] { return engine->healthy() && engine->child_pid() != first_child; });
  EXPECT_EQ(ask(in, *engine, chat("hello", short_stream)).error, errc::ok);
}

TEST_F(real_llama_server, a_frozen_child_is_replaced) {
  settings.probe_time = 300ms;
  settings.stop_time = 100ms;
  ASSERT_EQ(begin(), errc::ok);
  const int first_child = engine->child_pid();
  ::kill(first_child, SIGSTOP);
  run_until([&] { return engine->state() == engine_state::restarting; });
  EXPECT_EQ(engine->reason(), engine_reason::not_answering);
  run_until([&] { return engine->healthy(); });
  EXPECT_NE(engine->child_pid(), first_child);
}

TEST_F(real_llama_server, an_aborted_call_frees_its_slot_at_once) {
  settings.options.slots = 1;
  settings.options.context_length = 8'192;
  ASSERT_EQ(begin(), errc::ok);
  async::run(in.loop, [](llama_server* of) -> asio::awaitable<void> {
    const result<std::unique_ptr<engine_answer>> answer =
        co_await of->call(chat("hi", endless_stream), soon());
    if (!answer) co_return;
    const result<plaintext> piece = co_await (*answer)->read();
    EXPECT_TRUE(piece);
    (*answer)->abort();
  }(engine.get()));
  // The aborted call alone would hold the only slot for a minute or more.
  EXPECT_EQ(ask(in, *engine, chat("hello", R"(,"max_tokens":1)")).error, errc::ok);
}

TEST_F(real_llama_server, says_what_is_wrong_with_a_model) {
  settings.options.model_file = TP_SOURCE_DIR "/CMakeLists.txt";
  EXPECT_EQ(begin(), errc::engine_unavailable);
  EXPECT_EQ(engine->state(), engine_state::failed);
  EXPECT_EQ(engine->reason(), engine_reason::model_not_loadable);
}

TEST_F(real_llama_server, says_when_there_is_no_model) {
  settings.options.model_file = "/nowhere/model.gguf";
  EXPECT_EQ(begin(), errc::engine_unavailable);
  EXPECT_EQ(engine->reason(), engine_reason::model_not_found);
}

}  // namespace
}  // namespace tp::engine
