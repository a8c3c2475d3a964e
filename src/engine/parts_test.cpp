// The pure parts: cutting events, restarting, llama-server's arguments and log, scripts.
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "engine/event_cutter.hpp"
#include "engine/llama_command.hpp"
#include "engine/llama_log.hpp"
#include "engine/mock_script.hpp"
#include "engine/restart_policy.hpp"

namespace tp::engine {
namespace {

using namespace std::chrono_literals;

std::string shown(const plaintext& text) { return std::string(text.reveal_text()); }

TEST(event_cutter, hands_out_whole_events_wherever_reads_cut_them) {
  const std::string stream = "data: a\n\ndata: b\r\n\r\n: c\n\ndata: d\ndata: e\n\n";
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    event_cutter cutter;
    std::string together;
    for (std::size_t at = 0; at < stream.size(); at += size) {
      ASSERT_TRUE(cutter.push(as_bytes(std::string_view(stream).substr(at, size))));
      const std::string whole = shown(cutter.take());
      const bool ends_well = whole.empty() || whole.ends_with("\n\n") || whole.ends_with("\r\n\r\n");
      EXPECT_TRUE(ends_well) << size;
      together += whole;
    }
    EXPECT_EQ(together, stream) << size;
    EXPECT_TRUE(cutter.take_rest().empty());
  }
}

TEST(event_cutter, coalesces_what_is_there_and_keeps_the_unfinished) {
  event_cutter cutter;
  ASSERT_TRUE(cutter.push(as_bytes("data: a\n\ndata: b\n\ndata: un")));
  EXPECT_EQ(shown(cutter.take()), "data: a\n\ndata: b\n\n");
  EXPECT_TRUE(cutter.take().empty());
  EXPECT_EQ(shown(cutter.take_rest()), "data: un");
}

TEST(event_cutter, an_endless_event_is_refused) {
  event_cutter cutter;
  const bytes piece(limits::engine_read_bytes, 'x');
  result<void> pushed = {};
  for (std::size_t i = 0; pushed && i < 100; ++i) pushed = cutter.push(piece);
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error(), errc::too_large);
}

TEST(restart_policy, waits_longer_each_time_and_gives_up) {
  seeded_random random(1);
  restart_policy policy({.backoff_first = 100ms, .backoff_max = 400ms, .restarts_max = 5}, random);
  for (const auto most : {100ms, 200ms, 400ms, 400ms, 400ms}) {
    const auto wait = policy.on_exit(0ms);
    ASSERT_TRUE(wait.has_value());
    EXPECT_GE(*wait, most / 2);
    EXPECT_LE(*wait, most);
  }
  EXPECT_FALSE(policy.on_exit(0ms).has_value());
}

TEST(restart_policy, forgives_after_a_stable_time) {
  seeded_random random(1);
  restart_policy policy({.stable_time = 60s, .restarts_max = 1}, random);
  EXPECT_TRUE(policy.on_exit(0ms).has_value());
  EXPECT_TRUE(policy.on_exit(61s).has_value());
  EXPECT_FALSE(policy.on_exit(59s).has_value());
}

bool has(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

llama_options some_options() {
  llama_options out;
  out.program = "/bin/llama-server";
  out.model_file = "/m.gguf";
  out.model_id = "m";
  out.context_length = 2048;
  out.slots = 4;
  return out;
}

TEST(llama_arguments, an_old_program_is_asked_only_what_it_knows) {
  llama_help help;
  help.on_line("usage: llama-server [options]");
  help.on_line("-c,    --ctx-size N                     size");
  help.on_line("--slots, --no-slots                     expose --offline text");
  EXPECT_TRUE(help.knows("-c"));
  EXPECT_TRUE(help.knows("--no-slots"));
  EXPECT_FALSE(help.knows("--offline"));
  const auto arguments = llama_arguments(some_options(), help, embedding_support::off, 5);
  EXPECT_TRUE(has(arguments, "--no-slots"));
  EXPECT_FALSE(has(arguments, "--offline"));
  EXPECT_FALSE(has(arguments, "--embeddings"));
  EXPECT_EQ(arguments.front(), "/bin/llama-server");
}

TEST(llama_arguments, the_threads_are_said) {
  llama_options options = some_options();
  options.threads = 3;
  const auto arguments = llama_arguments(options, {}, embedding_support::off, 5);
  const auto at = std::find(arguments.begin(), arguments.end(), "--threads");
  ASSERT_LT(at + 1, arguments.end());
  EXPECT_EQ(at[1], "3");
}

TEST(llama_arguments, the_context_is_for_each_slot) {
  const auto arguments = llama_arguments(some_options(), {}, embedding_support::on, 5);
  EXPECT_TRUE(has(arguments, "8192"));
  EXPECT_TRUE(has(arguments, "127.0.0.1"));
  EXPECT_TRUE(has(arguments, "--embeddings"));
}

struct log_case {
  std::string_view line;
  engine_reason means;
};
class llama_lines : public testing::TestWithParam<log_case> {};
TEST_P(llama_lines, tell_one_reason) {
  llama_log log;
  log.on_line("0.00.000.940 I srv  llama_server: initializing ...");
  log.on_line(GetParam().line);
  log.on_line("0.00.010.148 E srv  llama_server: exiting due to model loading error");
  EXPECT_EQ(log.reason(), GetParam().means);
  EXPECT_EQ(log.lines(), 3U);
}
INSTANTIATE_TEST_SUITE_P(
    known, llama_lines,
    testing::Values(log_case{"E srv start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 1",
                             engine_reason::port_not_available},
                    log_case{
                        "E gguf_init_from_file: failed to open GGUF file '/x' (No such file or directory)",
                        engine_reason::model_not_found},
                    log_case{"E llama_model_load: error loading model: x", engine_reason::model_not_loadable},
                    log_case{"E ggml_aligned_malloc: insufficient memory (attempted to allocate 65925.00 MB)",
                             engine_reason::out_of_memory},
                    log_case{"error: invalid argument: --zzz", engine_reason::not_compatible},
                    log_case{"W srv operator(): got exception: somebody's words", engine_reason::none}));

TEST(mock_script, reads_rules_and_finds_the_first_that_fits) {
  const auto rules = parse_mock_script(
      R"({"rules":[{"match":"France","reply":"Paris","delay_ms_first":5,"delay_ms_between":7},
                   {"index":2,"fault":"cut","after":3},{"status":429,"body":"{}"}]})");
  ASSERT_TRUE(rules);
  ASSERT_EQ(rules->size(), 3U);
  EXPECT_EQ(find_rule(*rules, 0, "capital of France?"), &rules->at(0));
  EXPECT_EQ(find_rule(*rules, 2, "x"), &rules->at(1));
  EXPECT_EQ(find_rule(*rules, 3, "x"), &rules->at(2));
  EXPECT_EQ(rules->at(0).delay_between, 7ms);
  EXPECT_EQ(rules->at(1).fault, mock_fault::cut);
  EXPECT_TRUE(parse_mock_script("[]"));
}

TEST(mock_script, notices_mistakes) {
  for (const std::string_view text :
       {"{}", "5", R"({"rules":5})", "[5]", R"([{"replay":"x"}])", R"([{"fault":"explode"}])",
        R"([{"status":"x"}])", R"([{"status":100}])", R"([{"delay_ms_first":-1}])", R"([{"match":5}])",
        R"({"rules":[],"x":1})"}) {
    EXPECT_EQ(parse_mock_script(text).error(), errc::invalid_configuration) << text;
  }
  EXPECT_EQ(parse_mock_script("[").error(), errc::invalid_json);
}

}  // namespace
}  // namespace tp::engine
