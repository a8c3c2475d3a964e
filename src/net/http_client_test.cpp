// Client and listener together, on real loopback sockets.
#include "net/http_client.hpp"

#include <gtest/gtest.h>

#include "async/event.hpp"
#include "net/http_listener.hpp"
#include "net/test_support.hpp"

namespace tp::net {
namespace {

using namespace testing;

struct site {
  site(world& in, http_handler handler, const http_server_settings& settings = {},
       const tls_server* tls = nullptr)
      : scope(in.executor()),
        on(*http_listener::open(in.executor(), {}, std::move(handler), settings, tls, in.with)) {
    scope.spawn([](http_listener* listening) { return listening->run(); }, on.get());
  }
  void stop(world& in) {
    async::run(in.loop, on->drain(async::deadline::after(10s)));
    async::run(in.loop, scope.join());
  }
  async::task_scope scope;
  std::unique_ptr<http_listener> on;
};

asio::awaitable<void> echo(http_exchange& exchange) {
  const result<bytes> body = co_await exchange.read_body(limits::http_plain_body_max);
  if (body.has_error()) co_return;
  const codec::http_fields none;
  co_await exchange.begin(200, none);
  co_await exchange.write(*body);
  co_await exchange.end();
}

struct answer {
  errc error = errc::ok;
  int status = 0;
  bytes body;
};

task<answer> ask(http_client* client, std::string method, bytes body, repeat again = repeat::by_method) {
  http_request request;
  request.again = again;
  request.method = std::move(method);
  request.body = body;
  answer out;
  const auto until = async::deadline::after(20s);
  auto response = co_await client->send(std::move(request), until);
  if (response.has_error()) co_return response.error();
  out.status = (*response)->status();
  auto content = co_await (*response)->read_all(limits::http_plain_body_max);
  if (content.has_error()) co_return content.error();
  out.body = std::move(*content);
  co_return out;
}

TEST(http_client, reuses_a_connection_and_lets_idle_ones_go) {
  world in;
  site server(in, echo);
  http_client_settings settings;
  settings.idle_time = 20ms;
  http_client client(in.executor(), local_url(server.on->port()), nullptr, in.with, settings);
  for (const std::size_t size : {0U, 1U, 100U, 3'000'000U}) {
    bytes data(size);
    in.random.fill(data);
    const auto got = async::run(in.loop, ask(&client, "POST", data));
    ASSERT_TRUE(got.has_value()) << size;
    EXPECT_EQ(got->status, 200);
    EXPECT_TRUE(got->body == data) << size;
    EXPECT_EQ(server.on->connections(), 1U);
    EXPECT_EQ(client.idle_connections(), 1U);
  }
  while (client.idle_connections() > 0) in.loop.run_one();
  while (server.on->connections() > 0) in.loop.run_one();
  server.stop(in);
}

TEST(http_client, notices_that_the_server_closed_an_idle_connection) {
  world in;
  http_server_settings short_idle;
  short_idle.idle_time = 1ms;
  site server(in, echo, short_idle);
  http_client client(in.executor(), local_url(server.on->port()), nullptr, in.with);
  ASSERT_TRUE(async::run(in.loop, ask(&client, "GET", {})).has_value());
  while (client.idle_connections() > 0) in.loop.run_one();
  EXPECT_TRUE(async::run(in.loop, ask(&client, "GET", {})).has_value());
  client.close_idle();
  server.stop(in);
}

// Answers the first request of each connection; at the second says `last_words` and closes.
struct fickle_server {
  fickle_server(world& in, std::string words)
      : scope(in.executor()), on(*listener::open(in.executor(), {})), last_words(std::move(words)) {
    scope.spawn([](fickle_server* self) { return self->run(); }, this);
  }
  asio::awaitable<void> run() {
    auto start = [this](std::unique_ptr<connection> one) {
      ++accepted;
      auto task = [](fickle_server* self, std::unique_ptr<connection> c) {
        return self->serve(std::move(c));
      };
      scope.spawn(task, this, std::move(one));
    };
    co_await on->run(start);
  }
  asio::awaitable<void> serve(std::unique_ptr<connection> one) {
    const result<std::string> first = co_await read_text_until(one.get(), "\r\n\r\n");
    if (first.has_error()) co_return;
    co_await one->write(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    const result<std::string> second = co_await read_text_until(one.get(), "\r\n\r\n");
    if (second.has_value()) co_await one->write(as_bytes(last_words));
  }
  void stop(world& in) {
    on->close();
    async::run(in.loop, scope.join());
  }
  async::task_scope scope;
  std::unique_ptr<listener> on;
  std::string last_words;
  int accepted = 0;
};

TEST(http_client, replaces_a_dead_kept_connection_once_and_only_before_any_byte) {
  for (const bool silent : {true, false}) {
    world in;
    fickle_server server(in, silent ? "" : "HTTP/1.1 2");
    http_client client(in.executor(), local_url(server.on->port()), nullptr, in.with);
    const auto first = async::run(in.loop, ask(&client, "GET", {}));
    ASSERT_TRUE(first.has_value());
    const auto second = async::run(in.loop, ask(&client, "GET", {}));
    EXPECT_EQ(second.has_value(), silent);
    EXPECT_EQ(server.accepted, silent ? 2 : 1);
    client.close_idle();
    server.stop(in);
  }
}

TEST(http_client, sends_a_post_twice_only_where_that_is_harmless) {
  for (const repeat again : {repeat::by_method, repeat::harmless}) {
    world in;
    fickle_server server(in, "");
    http_client client(in.executor(), local_url(server.on->port()), nullptr, in.with);
    const auto first = async::run(in.loop, ask(&client, "GET", {}));
    ASSERT_TRUE(first.has_value());
    const auto second = async::run(in.loop, ask(&client, "POST", {}, again));
    EXPECT_EQ(second.has_value(), again == repeat::harmless);
    EXPECT_EQ(server.accepted, again == repeat::harmless ? 2 : 1);
    client.close_idle();
    server.stop(in);
  }
}

asio::awaitable<void> refuse_unread(http_exchange& exchange) {
  const codec::http_fields none;
  co_await exchange.respond(413, none, {});
}

TEST(http_client, sees_an_early_refusal_of_a_long_upload) {
  world in;
  site server(in, refuse_unread);
  http_client client(in.executor(), local_url(server.on->port()), nullptr, in.with);
  const auto got = async::run(in.loop, ask(&client, "POST", bytes(8U << 20, 'x')));
  ASSERT_TRUE(got.has_value()) << name(to_errc(got.error()));
  EXPECT_EQ(got->status, 413);
  EXPECT_EQ(client.idle_connections(), 0U);
  server.stop(in);
}

TEST(http_client, speaks_tls_to_a_listener_with_a_certificate) {
  world in;
  const certificate files;
  const tls_server server_tls = *tls_server::from_files(files.chain(), files.key_file());
  const tls_client client_tls = *tls_client::from_ca_file(files.chain());
  site server(in, echo, {}, &server_tls);
  const auto url = local_url(server.on->port(), codec::url_scheme::https);
  {
    http_client client(in.executor(), url, &client_tls, in.with);
    for (int i = 0; i < 2; ++i) {
      const auto got = async::run(in.loop, ask(&client, "POST", bytes(200'000, 'x')));
      ASSERT_TRUE(got.has_value());
      EXPECT_EQ(got->body.size(), 200'000U);
    }
    EXPECT_EQ(server.on->connections(), 1U);
  }
  const certificate others;
  const tls_client stranger = *tls_client::from_ca_file(others.chain());
  http_client distrustful(in.executor(), url, &stranger, in.with);
  const auto refused = async::run(in.loop, ask(&distrustful, "GET", {}));
  EXPECT_EQ(to_errc(refused.error()), errc::tls_failed);
  server.stop(in);
}

asio::awaitable<void> ask_and_count(http_client* client, int* good) {
  const auto got = co_await ask(client, "POST", bytes(1'000, 'x'));
  if (got.has_value() && got->body.size() == 1'000) ++*good;
}

struct meeting {
  explicit meeting(const asio::any_io_executor& executor) : all_here(executor) {}
  async::event all_here;
  int waiting = 0;
};

asio::awaitable<void> meet_then_echo(http_exchange& exchange, meeting* at, int wanted) {
  ++at->waiting;
  if (at->waiting == wanted) at->all_here.notify();
  while (at->waiting < wanted) {
    const result<void> woken = co_await at->all_here.wait();
    if (woken.has_error()) co_return;
  }
  co_await echo(exchange);
}

TEST(http_listener, serves_200_connections_at_once) {
  constexpr int wanted = 200;
  world in;
  meeting at(in.executor());
  auto handler = [&at](http_exchange& exchange) { return meet_then_echo(exchange, &at, wanted); };
  site server(in, handler);
  http_client client(in.executor(), local_url(server.on->port()), nullptr, in.with);
  int good = 0;
  async::task_scope asking(in.executor());
  for (int i = 0; i < wanted; ++i) asking.spawn(ask_and_count, &client, &good);
  async::run(in.loop, asking.join());
  EXPECT_EQ(good, wanted);
  EXPECT_EQ(client.idle_connections(), limits::http_client_idle_max);
  server.stop(in);
}

TEST(http_listener, refuses_connections_above_its_limit) {
  world in;
  http_server_settings one;
  one.connections_max = 1;
  site server(in, echo, one);
  http_client first(in.executor(), local_url(server.on->port()), nullptr, in.with);
  http_client second(in.executor(), local_url(server.on->port()), nullptr, in.with);
  ASSERT_TRUE(async::run(in.loop, ask(&first, "GET", {})).has_value());
  const auto refused = async::run(in.loop, ask(&second, "GET", {}));
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 503);
  first.close_idle();
  server.stop(in);
}

struct watched {
  explicit watched(const asio::any_io_executor& executor)
      : begun(executor), ended(executor), release(executor) {}
  async::event begun, ended, release;
  errc outcome = errc::internal;
};

asio::awaitable<void> stream_until_released(http_exchange& exchange, watched* by) {
  const codec::http_fields none;
  co_await exchange.begin(200, none);
  by->begun.notify();
  const result<void> waited = co_await by->release.wait();
  by->outcome = to_errc(waited.error());
  if (waited.has_value()) co_await exchange.end();
  by->ended.notify();
}

task<std::unique_ptr<http_response>> begin_call(http_client* client) {
  const auto until = async::deadline::after(20s);
  auto response = co_await client->send({}, until);
  co_return response;
}

TEST(http_listener, a_client_gone_mid_stream_cancels_the_handler_at_once) {
  const certificate files;
  const tls_server server_tls = *tls_server::from_files(files.chain(), files.key_file());
  const tls_client client_tls = *tls_client::from_ca_file(files.chain());
  for (const bool secure : {false, true}) {
    world in;
    watched by(in.executor());
    auto handler = [&by](http_exchange& exchange) { return stream_until_released(exchange, &by); };
    site server(in, handler, {}, secure ? &server_tls : nullptr);
    const auto url =
        local_url(server.on->port(), secure ? codec::url_scheme::https : codec::url_scheme::http);
    http_client client(in.executor(), url, &client_tls, in.with);
    auto response = async::run(in.loop, begin_call(&client));
    ASSERT_TRUE(response.has_value());
    in.poll();
    const auto left = std::chrono::steady_clock::now();
    response->reset();
    async::run(in.loop, by.ended.wait());
    EXPECT_LT(std::chrono::steady_clock::now() - left, 100ms);
    EXPECT_EQ(by.outcome, errc::cancelled);
    server.stop(in);
  }
}

TEST(http_listener, drains_what_runs_and_refuses_what_is_new) {
  world in;
  watched by(in.executor());
  auto handler = [&by](http_exchange& exchange) { return stream_until_released(exchange, &by); };
  site server(in, handler);
  const auto url = local_url(server.on->port());
  http_client client(in.executor(), url, nullptr, in.with);
  http_client idle(in.executor(), url, nullptr, in.with);
  auto response = async::run(in.loop, begin_call(&client));
  ASSERT_TRUE(response.has_value());
  async::task_scope draining(in.executor());
  draining.spawn([](http_listener* on) { return on->drain(async::deadline::after(20s)); }, server.on.get());
  in.poll();
  EXPECT_EQ(draining.live(), 1U);
  const auto refused = async::run(in.loop, ask(&idle, "GET", {}));
  EXPECT_EQ(to_errc(refused.error()), errc::connection_refused);
  by.release.notify();
  const auto body = async::run(in.loop, (*response)->read_all(10));
  EXPECT_TRUE(body.has_value());
  async::run(in.loop, draining.join());
  async::run(in.loop, server.scope.join());
  EXPECT_EQ(by.outcome, errc::ok);
  client.close_idle();
}

TEST(http_listener, cuts_what_does_not_end_before_the_deadline) {
  world in;
  watched by(in.executor());
  auto handler = [&by](http_exchange& exchange) { return stream_until_released(exchange, &by); };
  site server(in, handler);
  http_client client(in.executor(), local_url(server.on->port()), nullptr, in.with);
  auto response = async::run(in.loop, begin_call(&client));
  ASSERT_TRUE(response.has_value());
  async::run(in.loop, server.on->drain(async::deadline::after(5ms)));
  async::run(in.loop, server.scope.join());
  EXPECT_EQ(by.outcome, errc::cancelled);
  const auto body = async::run(in.loop, (*response)->read_all(10));
  EXPECT_EQ(to_errc(body.error()), errc::connection_reset);
}

}  // namespace
}  // namespace tp::net
