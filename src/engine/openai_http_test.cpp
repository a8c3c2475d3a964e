// openai_http against a server in the same process, on real loopback sockets.
#include "engine/openai_http.hpp"

#include "async/event.hpp"
#include "engine/test_support.hpp"
#include "net/http_listener.hpp"

namespace tp::engine {
namespace {

using namespace testing;

enum class behaviour { answers, splits, coalesces, cuts, hangs, hangs_before_head, errors };

struct fake {
  explicit fake(world& in) : gone(in.executor()), scope(in.executor()) { open(in, 0); }
  void open(world& in, std::uint16_t port) {
    net::listen_settings where;
    where.port = port;
    on = *net::http_listener::open(
        in.executor(), where, [this](net::http_exchange& exchange) { return serve(this, exchange); }, {},
        nullptr, in.with);
    scope.spawn([](net::http_listener* listening) { return listening->run(); }, on.get());
  }
  void stop(world& in) {
    if (scope.live() == 0) return;
    async::run(in.loop, on->drain(async::deadline::after(0s)));
    async::run(in.loop, scope.join());
  }
  static asio::awaitable<void> serve(fake* self, net::http_exchange& exchange);
  asio::awaitable<void> complete(net::http_exchange& exchange);

  behaviour does = behaviour::answers;
  std::string models = R"({"data":[{"id":"m","max_model_len":64}]})";
  int models_status = 200;
  std::string seen_target;
  std::string seen_body;
  std::string seen_key;
  std::size_t hanging_count = 0;
  std::size_t gone_count = 0;
  async::event gone;
  std::unique_ptr<net::http_listener> on;
  async::task_scope scope;
};

asio::awaitable<void> fake::serve(fake* self, net::http_exchange& exchange) {
  self->seen_key = exchange.request().find("Authorization").value_or("");
  if (exchange.request().method() == "GET") {
    const codec::http_fields fields{{"Content-Type", "application/json"}};
    co_await exchange.respond(self->models_status, fields, as_bytes(self->models));
    co_return;
  }
  self->seen_target = exchange.request().target();
  const result<bytes> body = co_await exchange.read_body(1U << 20);
  if (!body) co_return;
  self->seen_body = as_chars(*body);
  co_await self->complete(exchange);
}

asio::awaitable<void> fake::complete(net::http_exchange& exchange) {
  exchange.on_gone([this] {
    ++gone_count;
    gone.notify();
  });
  if (does == behaviour::hangs_before_head) {
    ++hanging_count;
    const result<void> waited = co_await gone.wait();
    static_cast<void>(waited);
    co_return;
  }
  if (does == behaviour::errors) {
    const codec::http_fields fields{{"Content-Type", "application/json"}};
    co_await exchange.respond(400, fields, as_bytes(R"({"error":{"message":"no"}})"));
    co_return;
  }
  const codec::http_fields fields{{"Content-Type", "text/event-stream"}};
  co_await exchange.begin(200, fields);
  std::vector<std::string_view> writes{"data: a\n\n", "data: b\n\n", "data: [DONE]\n\n"};
  if (does == behaviour::splits) writes = {"da", "ta: a\n", "\ndata: b\n\nda", "ta: [DONE]\n\n"};
  if (does == behaviour::coalesces) writes = {"data: a\n\ndata: b\n\ndata: [DONE]\n\n"};
  if (does == behaviour::cuts || does == behaviour::hangs) writes = {"data: a\n\n", "data: un"};
  for (const std::string_view text : writes) {
    const result<void> written = co_await exchange.write(as_bytes(text));
    if (!written) co_return;
    const result<void> rested = co_await async::sleep_for(2ms);
    if (!rested) co_return;
  }
  if (does == behaviour::cuts) co_return;
  if (does == behaviour::hangs) {
    ++hanging_count;
    const result<void> waited = co_await gone.wait();
    static_cast<void>(waited);
    co_return;
  }
  co_await exchange.end();
}

struct served {
  explicit served(std::chrono::nanoseconds silence = 20s, std::string_view prefix = "/")
      : server(in), engine(make(silence, prefix)) {}
  ~served() {
    stop(in, *engine);
    server.stop(in);
  }
  std::unique_ptr<openai_http> make(std::chrono::nanoseconds silence, std::string_view prefix) {
    openai_http_settings settings;
    settings.server.address.host = "127.0.0.1";
    settings.server.address.port = server.on->port();
    settings.server.address.target = prefix;
    settings.server.api_key = secret_key(as_bytes("k"));
    settings.server.silence_time = silence;
    settings.server.head_time = silence;
    settings.probe_interval = 10ms;
    settings.backoff_first = 5ms;
    settings.backoff_max = 10ms;
    return std::make_unique<openai_http>(in.executor(), std::move(settings), nullptr, in.with);
  }
  outcome ask(behaviour does, async::deadline until = soon()) {
    server.does = does;
    return testing::ask(in, *engine, chat("hi", streamed), until);
  }
  void run_until(const std::function<bool()>& done) { in.run_until(done); }
  world in;
  fake server;
  std::unique_ptr<openai_http> engine;
};

TEST(openai_http, learns_models_and_passes_requests_on_unchanged) {
  served with(20s, "/prefix/v1/");
  ASSERT_EQ(start(with.in, *with.engine), errc::ok);
  ASSERT_EQ(with.engine->models().size(), 1U);
  EXPECT_EQ(with.engine->models()[0].id, "m");
  EXPECT_EQ(with.engine->models()[0].context_length, 64);
  const engine_request asked = chat("hi", streamed);
  const std::string body(asked.body.reveal_text());
  const outcome got = with.ask(behaviour::answers);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.error, errc::ok);
  EXPECT_EQ(got.text(), "data: a\n\ndata: b\n\ndata: [DONE]\n\n");
  EXPECT_EQ(with.server.seen_target, "/prefix/v1/chat/completions");
  EXPECT_EQ(with.server.seen_body, body);
  EXPECT_EQ(with.server.seen_key, "Bearer k");
}

TEST(openai_http, each_flush_is_whole_events_however_they_arrive) {
  served with;
  ASSERT_EQ(start(with.in, *with.engine), errc::ok);
  const outcome split = with.ask(behaviour::splits);
  EXPECT_EQ(split.text(), "data: a\n\ndata: b\n\ndata: [DONE]\n\n");
  for (const std::string& flush : split.flushes) EXPECT_TRUE(flush.ends_with("\n\n"));
  EXPECT_GE(split.flushes.size(), 2U);
  EXPECT_EQ(with.ask(behaviour::coalesces).flushes.size(), 1U);
}

TEST(openai_http, an_error_answer_is_an_answer) {
  served with;
  ASSERT_EQ(start(with.in, *with.engine), errc::ok);
  const outcome got = with.ask(behaviour::errors);
  EXPECT_EQ(got.status, 400);
  EXPECT_EQ(got.text(), R"({"error":{"message":"no"}})");
}

TEST(openai_http, an_engine_that_dies_mid_stream_has_failed) {
  served with;
  ASSERT_EQ(start(with.in, *with.engine), errc::ok);
  const outcome got = with.ask(behaviour::cuts);
  EXPECT_EQ(got.error, errc::engine_failed);
  EXPECT_EQ(got.text(), "data: a\n\n");
  EXPECT_EQ(with.ask(behaviour::answers).error, errc::ok);
}

TEST(openai_http, an_engine_that_hangs_has_failed_and_is_hung_up_on) {
  served with(50ms);
  ASSERT_EQ(start(with.in, *with.engine), errc::ok);
  EXPECT_EQ(with.ask(behaviour::hangs).error, errc::engine_failed);
  with.run_until([&] { return with.server.gone_count == 1; });
  EXPECT_EQ(with.ask(behaviour::hangs_before_head).error, errc::engine_failed);
  with.run_until([&] { return with.server.gone_count == 2; });
}

TEST(openai_http, a_deadline_bounds_the_whole_call) {
  served with;
  ASSERT_EQ(start(with.in, *with.engine), errc::ok);
  EXPECT_EQ(with.ask(behaviour::hangs, async::deadline::after(50ms)).error, errc::deadline_exceeded);
  EXPECT_EQ(with.ask(behaviour::hangs_before_head, async::deadline::after(50ms)).error,
            errc::deadline_exceeded);
}

asio::awaitable<void> abort_after_first(engine* of, outcome* out) {
  result<std::unique_ptr<engine_answer>> answer = co_await of->call(chat("hi", streamed), soon());
  if (!answer) co_return;
  const result<plaintext> first = co_await (*answer)->read();
  if (first) out->flushes.emplace_back(first->reveal_text());
  (*answer)->abort();
  const result<plaintext> second = co_await (*answer)->read();
  if (!second) out->error = to_errc(second.error());
}

TEST(openai_http, abort_closes_the_connection_so_that_the_engine_stops) {
  served with;
  ASSERT_EQ(start(with.in, *with.engine), errc::ok);
  with.server.does = behaviour::hangs;
  outcome got;
  async::run(with.in.loop, abort_after_first(with.engine.get(), &got));
  EXPECT_EQ(got.flushes.size(), 1U);
  EXPECT_EQ(got.error, errc::cancelled);
  with.run_until([&] { return with.server.gone_count == 1; });
}

asio::awaitable<void> ask_into(engine* of, outcome* out) {
  outcome got = co_await ask(of, chat("hi", streamed), soon());
  *out = std::move(got);
}

TEST(openai_http, cancelling_the_caller_hangs_up_too) {
  served with;
  ASSERT_EQ(start(with.in, *with.engine), errc::ok);
  for (const behaviour does : {behaviour::hangs, behaviour::hangs_before_head}) {
    with.server.does = does;
    const std::size_t before = with.server.gone_count;
    async::task_scope scope(with.in.executor());
    outcome got;
    scope.spawn(ask_into(with.engine.get(), &got));
    with.run_until([&] { return with.server.hanging_count == before + 1; });
    scope.cancel();
    async::run(with.in.loop, scope.join());
    EXPECT_EQ(got.error, errc::cancelled);
    with.run_until([&] { return with.server.gone_count == before + 1; });
  }
}

TEST(openai_http, notices_an_engine_that_goes_and_one_that_comes_back) {
  served with;
  ASSERT_EQ(start(with.in, *with.engine), errc::ok);
  const std::uint16_t port = with.server.on->port();
  with.server.stop(with.in);
  with.run_until([&] { return with.engine->state() == engine_state::restarting; });
  EXPECT_EQ(with.engine->reason(), engine_reason::not_answering);
  EXPECT_EQ(testing::ask(with.in, *with.engine, chat("hi")).error, errc::engine_unavailable);
  with.server.open(with.in, port);
  with.run_until([&] { return with.engine->healthy(); });
  EXPECT_EQ(with.ask(behaviour::answers).error, errc::ok);
}

TEST(openai_http, says_why_it_cannot_be_used) {
  struct {
    int status;
    std::string_view body;
    engine_reason reason;
  } const cases[]{{401, "{}", engine_reason::key_refused},
                  {404, "", engine_reason::not_compatible},
                  {200, "<html>", engine_reason::not_compatible}};
  for (const auto& each : cases) {
    served with;
    with.server.models_status = each.status;
    with.server.models = each.body;
    EXPECT_EQ(start(with.in, *with.engine), errc::engine_unavailable);
    EXPECT_EQ(with.engine->reason(), each.reason);
  }
}

TEST(openai_http, a_server_that_is_not_there_yet_is_waited_for) {
  served with;
  const std::uint16_t port = with.server.on->port();
  with.server.stop(with.in);
  EXPECT_EQ(start(with.in, *with.engine, async::deadline::after(50ms)), errc::deadline_exceeded);
  EXPECT_EQ(with.engine->state(), engine_state::starting);
  with.server.open(with.in, port);
  with.run_until([&] { return with.engine->healthy(); });
}

TEST(target_prefix, understands_the_usual_base_urls) {
  EXPECT_EQ(target_prefix("/"), "");
  EXPECT_EQ(target_prefix("/v1"), "");
  EXPECT_EQ(target_prefix("/v1/"), "");
  EXPECT_EQ(target_prefix("/openai/v1?x"), "/openai");
  EXPECT_EQ(target_prefix("/a/b/"), "/a/b");
}

}  // namespace
}  // namespace tp::engine
