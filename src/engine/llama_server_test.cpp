// Supervision without an engine: programs that are none. The real one is tested in tests/engine.
#include "engine/llama_server.hpp"

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

}  // namespace
}  // namespace tp::engine
