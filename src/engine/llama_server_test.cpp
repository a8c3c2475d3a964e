// Supervision without an engine: programs that are none. The real one is tested in tests/engine.
#include "engine/llama_server.hpp"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "engine/test_support.hpp"

namespace tp::engine {
namespace {

using namespace testing;

TEST(llama_server, a_program_that_is_not_there_is_final) {
  world in;
  llama_server_settings settings;
  settings.options.program = "/nowhere/llama-server";
  llama_server engine(in.executor(), std::move(settings), in.with);
  EXPECT_EQ(start(in, engine), errc::engine_unavailable);
  EXPECT_EQ(engine.reason(), engine_reason::program_not_found);
  stop(in, engine);
}

TEST(llama_server, a_program_that_always_ends_is_given_up) {
  world in;
  llama_server_settings settings;
  settings.options.program = "/bin/false";
  settings.restarts = {.backoff_first = 1ms, .backoff_max = 2ms, .restarts_max = 3};
  llama_server engine(in.executor(), std::move(settings), in.with);
  EXPECT_EQ(start(in, engine), errc::engine_unavailable);
  EXPECT_EQ(engine.state(), engine_state::failed);
  EXPECT_EQ(engine.reason(), engine_reason::exited);
  stop(in, engine);
}

TEST(llama_server, stop_while_it_is_still_loading) {
  world in;
  llama_server_settings settings;
  settings.options.program = "/bin/sh";  // reads --help's answer from nobody, and ends
  llama_server engine(in.executor(), std::move(settings), in.with);
  async::task_scope scope(in.executor());
  scope.spawn(
      [](llama_server* of) -> asio::awaitable<void> {
        const result<void> started = co_await of->start(soon());
        EXPECT_FALSE(started);
      },
      &engine);
  in.run_until([&] { return engine.state() == engine_state::starting; });
  stop(in, engine);
  async::run(in.loop, scope.join());
  EXPECT_EQ(engine.state(), engine_state::stopped);
}

TEST(llama_server, stop_waits_for_no_answer_of_one_that_hangs_while_loading) {
  if (!std::filesystem::exists("/usr/bin/python3")) GTEST_SKIP() << "no python3";
  std::string folder = (std::filesystem::temp_directory_path() / "tp-llama-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string program = folder + "/llama-server";
  std::ofstream(program) << R"(#!/usr/bin/python3
import pathlib, socket, sys
if "--help" in sys.argv: sys.exit(0)
server = socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])))
kept = []
while True:
    kept.append(server.accept())
    pathlib.Path(__file__).with_name("asked").touch()
)";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  world in;
  llama_server_settings settings;
  settings.options.program = program;
  settings.probe_time = 60s;
  llama_server engine(in.executor(), std::move(settings), in.with);
  async::task_scope scope(in.executor());
  scope.spawn(
      [](llama_server* of) -> asio::awaitable<void> {
        const result<void> started = co_await of->start(soon());
        EXPECT_FALSE(started);
      },
      &engine);
  in.run_until([&] { return std::filesystem::exists(folder + "/asked"); });
  const auto begun = std::chrono::steady_clock::now();
  stop(in, engine);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  async::run(in.loop, scope.join());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tp::engine
