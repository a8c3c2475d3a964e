// For the tests of this folder: an event loop with services, and calls that read an answer to its end.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/run.hpp"
#include "async/task_scope.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/services.hpp"
#include "engine/engine.hpp"

namespace tp::engine::testing {

using namespace std::chrono_literals;

struct world {
  asio::io_context loop;
  system_clock_source clock;
  seeded_random random{1};
  null_logger log;
  metrics meters;
  services with{clock, random, log, meters};
  asio::any_io_executor executor() { return loop.get_executor(); }
  // Runs the loop until `done` holds; fails the test after a minute.
  void run_until(const std::function<bool()>& done) {
    const async::deadline late = async::deadline::after(60s);
    loop.restart();
    while (!done() && !late.passed()) loop.run_one_for(1s);
    ASSERT_TRUE(done());
  }
};

inline async::deadline soon() { return async::deadline::after(20s); }

inline engine_request chat(std::string_view last_message, std::string_view members = {}) {
  engine_request out;
  out.method = "POST";
  out.target = "/v1/chat/completions";
  out.content_type = "application/json";
  out.model = "m";
  const std::string body = R"({"model":"m","messages":[{"role":"user","content":")" +
                           std::string(last_message) + "\"}]" + std::string(members) + "}";
  out.body = plaintext(as_bytes(body));
  return out;
}
inline constexpr std::string_view streamed = R"(,"stream":true)";

// What came, as far as it came. Texts of tests are nobody's secret.
struct outcome {
  errc error = errc::ok;
  int status = 0;
  std::string content_type;
  std::vector<std::string> flushes;
  std::string text() const {
    std::string out;
    for (const std::string& flush : flushes) out += flush;
    return out;
  }
};

inline asio::awaitable<outcome> ask(engine* of, engine_request request, async::deadline until) {
  outcome out;
  const result<std::unique_ptr<engine_answer>> answer = co_await of->call(std::move(request), until);
  if (!answer) {
    out.error = to_errc(answer.error());
    co_return out;
  }
  out.status = (*answer)->status();
  out.content_type = (*answer)->content_type();
  for (;;) {
    const result<plaintext> piece = co_await (*answer)->read();
    if (!piece) out.error = to_errc(piece.error());
    if (!piece || piece->empty()) co_return out;
    out.flushes.emplace_back(piece->reveal_text());
  }
}

inline outcome ask(world& in, engine& of, engine_request request, async::deadline until = soon()) {
  return async::run(in.loop, ask(&of, std::move(request), until));
}

inline errc start(world& in, engine& which, async::deadline until = soon()) {
  const result<void> done = async::run(in.loop, which.start(until));
  return done ? errc::ok : to_errc(done.error());
}
inline void stop(world& in, engine& which) { async::run(in.loop, which.stop()); }

}  // namespace tp::engine::testing
