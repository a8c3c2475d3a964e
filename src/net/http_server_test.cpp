#include "net/http_server.hpp"

#include <gtest/gtest.h>

#include "async/deadline.hpp"
#include "async/event.hpp"
#include "net/test_support.hpp"

namespace tp::net {
namespace {

using namespace testing;

asio::awaitable<void> echo(http_exchange& exchange) {
  const result<bytes> body = co_await exchange.read_body(1'000);
  codec::http_fields fields{{"Content-Type", "text/plain"}};
  int status = 200;
  if (body.has_error()) status = to_errc(body.error()) == errc::too_large ? 413 : 400;
  std::string text(exchange.request().method());
  text += ' ';
  text += exchange.request().target();
  text += ' ';
  if (body.has_value()) text += as_chars(*body);
  co_await exchange.respond(status, fields, as_bytes(text));
}

int count_of(std::string_view text, std::string_view what) {
  int count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(http_server, refuses_malformed_heads_with_a_reason) {
  struct row {
    const char* name;
    std::string request;
    std::string status;
    std::string code;
  };
  const std::string long_value(limits::http_head_bytes_max, 'x');
  const std::vector<row> rows{
      {"not http", "hello\r\n\r\n", "400", "malformed_request"},
      {"bare LF", "GET / HTTP/1.1\nHost: x\n\n", "400", "malformed_request"},
      {"space before colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "400", "malformed_request"},
      {"folded field", "GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", "400", "malformed_request"},
      {"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400",
       "malformed_request"},
      {"length and chunked",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400",
       "malformed_request"},
      {"unknown coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "501",
       "transfer_coding_not_supported"},
      {"other version", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", "505", "http_version_not_supported"},
      {"long field", "GET / HTTP/1.1\r\nHost: x\r\nA: " + long_value + "\r\n\r\n", "431",
       "headers_too_large"},
      {"long body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", "413",
       "body_too_large"},
  };
  for (const row& want : rows) {
    world in;
    const std::string answer = raw_exchange(in, echo, want.request);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + want.status + " "))
        << want.name << ": " << answer.substr(0, 40);
    EXPECT_NE(answer.find("\"code\":\"" + want.code + "\""), std::string::npos) << want.name;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << want.name;
    EXPECT_NE(answer.find("X-Request-Id: "), std::string::npos) << want.name;
  }
}

TEST(http_server, answers_pipelined_requests_in_order_and_keeps_leftover_bytes) {
  world in;
  const std::string answer = raw_exchange(in, echo,
                                          "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none"
                                          "POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                          "2\r\ntw\r\n1;x=y\r\no\r\n0\r\nTrailer: z\r\n\r\n"
                                          "GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                                          "GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(count_of(answer, "HTTP/1.1 200 OK"), 3);
  EXPECT_EQ(count_of(answer, "Connection: close"), 1);
  const auto first = answer.find("POST /1 one");
  const auto second = answer.find("POST /2 two");
  const auto third = answer.find("GET /3 ");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_EQ(answer.find("never"), std::string::npos);
}

TEST(http_server, every_split_of_the_request_gives_the_same_answer) {
  const std::string request =
      "POST /a HTTP/1.1\r\nHost: x\r\nX-Request-Id: id-1\r\nTransfer-Encoding: chunked\r\nConnection: "
      "close\r\n\r\n"
      "5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    world in;
    async::memory_stream_settings manual;
    manual.mode = async::delivery::manual;
    auto pair = async::make_memory_streams(in.executor(), manual);
    const http_handler handler = echo;
    const http_server_settings settings;
    async::task_scope scope(in.executor());
    scope.spawn(serve_on, pair.second.get(), &handler, &settings, &in.with, nullptr);
    const bytes data = to_bytes(request);
    async::run(in.loop, pair.first->write(data));
    pair.first->pump(cut);
    in.poll();
    pair.first->pump();
    const result<std::string> answer = async::run(in.loop, read_text_to_end(pair.first.get()));
    ASSERT_TRUE(answer.has_value()) << cut;
    EXPECT_TRUE(answer->ends_with("POST /a hello")) << cut;
    pair.first.reset();
    async::run(in.loop, scope.join());
  }
}

TEST(http_server, keeps_sane_request_ids_and_replaces_others) {
  world in;
  const auto with_id = [&](const std::string& id) {
    return raw_exchange(in, echo, "GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + id + "\r\n\r\n");
  };
  EXPECT_NE(with_id("abc.DEF_1-2").find("X-Request-Id: abc.DEF_1-2\r\n"), std::string::npos);
  EXPECT_EQ(with_id("a b").find("a b"), std::string::npos);
  EXPECT_EQ(with_id(std::string(65, 'a')).find(std::string(65, 'a')), std::string::npos);
}

TEST(http_server, head_has_the_length_but_no_body) {
  world in;
  const std::string answer = raw_exchange(in, echo, "HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 8\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(http_server, an_old_client_is_answered_and_closed) {
  world in;
  const http_handler stream = [](http_exchange& exchange) -> asio::awaitable<void> {
    const codec::http_fields none;
    co_await exchange.begin(200, none);
    co_await exchange.write(as_bytes("abc"));
    co_await exchange.end();
  };
  const std::string answer = raw_exchange(in, stream, "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(count_of(answer, "HTTP/1.1 200"), 1);
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\nabc"));
}

TEST(http_server, expect_continue_is_answered_only_when_the_body_is_read) {
  const std::string request =
      "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n";
  world in;
  auto pair = async::make_memory_streams(in.executor());
  const http_handler handler = echo;
  const http_server_settings settings;
  async::task_scope scope(in.executor());
  scope.spawn(serve_on, pair.second.get(), &handler, &settings, &in.with, nullptr);
  const bytes head = to_bytes(request);
  async::run(in.loop, pair.first->write(head));
  const result<std::string> first = async::run(in.loop, read_text_until(pair.first.get(), "\r\n\r\n"));
  EXPECT_EQ(first.value(), "HTTP/1.1 100 Continue\r\n\r\n");
  const bytes body = to_bytes("abc");
  async::run(in.loop, pair.first->write(body));
  const result<std::string> rest = async::run(in.loop, read_text_to_end(pair.first.get()));
  EXPECT_TRUE(rest->starts_with("HTTP/1.1 200 OK")) << *rest;
  EXPECT_TRUE(rest->ends_with("POST / abc"));
  async::run(in.loop, scope.join());

  const http_handler refuse = [](http_exchange& exchange) -> asio::awaitable<void> {
    const codec::http_fields none;
    co_await exchange.respond(403, none, {});
  };
  const std::string refused = raw_exchange(in, refuse, request);
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 403"));
  EXPECT_NE(refused.find("Connection: close"), std::string::npos);
}

// Answers first and reads the body then.
asio::awaitable<void> begin_then_echo(http_exchange& exchange) {
  const codec::http_fields none;
  co_await exchange.begin(200, none);
  const result<bytes> body = co_await exchange.read_body(1'000);
  if (body.has_error()) co_return;
  co_await exchange.write(*body);
  co_await exchange.end();
}

asio::awaitable<void> respond_then_read(http_exchange& exchange, std::string* out) {
  const codec::http_fields none;
  co_await exchange.respond(200, none, {});
  const result<bytes> body = co_await exchange.read_body(1'000);
  *out = body.has_value() ? std::string(as_chars(*body)) : std::string("(error)");
}

TEST(http_server, a_body_can_be_read_after_the_answer_has_begun) {
  world in;
  const std::string here = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
  const std::string answer = raw_exchange(in, begin_then_echo, here + here);
  EXPECT_EQ(count_of(answer, "5\r\nhello\r\n0\r\n\r\n"), 2);
  EXPECT_EQ(answer.find("Connection: close"), std::string::npos);

  std::string read;
  const http_handler late = [&read](http_exchange& exchange) { return respond_then_read(exchange, &read); };
  EXPECT_EQ(count_of(raw_exchange(in, late, here + here), "HTTP/1.1 200 OK"), 2);
  EXPECT_EQ(read, "hello");
}

TEST(http_server, a_body_still_on_its_way_when_the_answer_begins_comes_whole_and_last) {
  for (const std::string_view expect : {"", "Expect: 100-continue\r\n"}) {
    world in;
    auto pair = async::make_memory_streams(in.executor());
    const http_handler handler = begin_then_echo;
    const http_server_settings settings;
    async::task_scope scope(in.executor());
    scope.spawn(serve_on, pair.second.get(), &handler, &settings, &in.with, nullptr);
    const bytes part = to_bytes("POST / HTTP/1.1\r\nHost: x\r\n" + std::string(expect) +
                                "Content-Length: 5\r\n\r\n" + (expect.empty() ? "he" : ""));
    async::run(in.loop, pair.first->write(part));
    const result<std::string> head = async::run(in.loop, read_text_until(pair.first.get(), "\r\n\r\n"));
    EXPECT_TRUE(head->starts_with("HTTP/1.1 200 OK"));
    EXPECT_NE(head->find("Connection: close"), std::string::npos);
    EXPECT_EQ(head->find("100 Continue"), std::string::npos);
    const bytes rest = to_bytes(expect.empty() ? "llo" : "hello");
    async::run(in.loop, pair.first->write(rest));
    const result<std::string> body = async::run(in.loop, read_text_to_end(pair.first.get()));
    EXPECT_EQ(body.value(), "5\r\nhello\r\n0\r\n\r\n");
    pair.first.reset();
    async::run(in.loop, scope.join());
  }
}

TEST(http_server, a_slow_head_gets_408_and_an_idle_connection_just_ends) {
  world in;
  http_server_settings settings;
  settings.head_time = 5ms;
  settings.idle_time = 5ms;
  const http_handler handler = echo;
  for (const bool silent : {false, true}) {
    auto pair = async::make_memory_streams(in.executor());
    async::task_scope scope(in.executor());
    scope.spawn(serve_on, pair.second.get(), &handler, &settings, &in.with, nullptr);
    const bytes part = to_bytes("GET / HT");
    if (!silent) async::run(in.loop, pair.first->write(part));
    auto close_after = [](async::byte_stream* on, async::task_scope* server,
                          bool quiet) -> task<std::string> {
      if (quiet) {
        co_await server->join();
        co_return std::string();
      }
      auto text = co_await read_text_to_end(on);
      co_return text;
    };
    const result<std::string> answer = async::run(in.loop, close_after(pair.first.get(), &scope, silent));
    if (!silent) {
      EXPECT_TRUE(answer->starts_with("HTTP/1.1 408 "));
    }
    pair.first.reset();
    async::run(in.loop, scope.join());
  }
}

TEST(http_server, a_body_over_the_limit_is_refused_however_it_is_framed) {
  world in;
  const std::string big(1'500, 'x');
  const std::string by_length =
      raw_exchange(in, echo, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1500\r\n\r\n" + big);
  EXPECT_TRUE(by_length.starts_with("HTTP/1.1 413"));
  const std::string chunked = raw_exchange(
      in, echo,
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5dc\r\n" + big + "\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413"));
}

TEST(http_server, a_body_cut_short_is_an_error_for_the_handler) {
  world in;
  const std::string answer =
      raw_exchange(in, echo, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400"));
}

TEST(http_server, streams_one_chunk_a_write_and_marks_the_end) {
  world in;
  const http_handler stream = [](http_exchange& exchange) -> asio::awaitable<void> {
    const codec::http_fields fields{{"Content-Type", "text/event-stream"}};
    co_await exchange.begin(200, fields);
    co_await exchange.write(as_bytes("one"));
    co_await exchange.write({});
    co_await exchange.write(as_bytes("three"));
    co_await exchange.end();
    const result<void> again = co_await exchange.end();
    EXPECT_EQ(to_errc(again.error()), errc::invalid_argument);
    const result<void> second = co_await exchange.respond(200, fields, {});
    EXPECT_EQ(to_errc(second.error()), errc::invalid_argument);
  };
  const std::string answer = raw_exchange(in, stream, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(answer.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"));
}

TEST(http_server, an_answer_that_fails_after_its_head_never_ends_cleanly) {
  const codec::http_fields none;
  const http_handler forgets_end = [](http_exchange& exchange) -> asio::awaitable<void> {
    const codec::http_fields fields;
    co_await exchange.begin(200, fields);
    co_await exchange.write(as_bytes("half"));
  };
  const http_handler too_short = [](http_exchange& exchange) -> asio::awaitable<void> {
    const codec::http_fields fields{{"Content-Length", "5"}};
    co_await exchange.begin(200, fields);
    co_await exchange.write(as_bytes("1234"));
    const result<void> ended = co_await exchange.end();
    EXPECT_EQ(to_errc(ended.error()), errc::invalid_argument);
  };
  const http_handler silent = [](http_exchange&) -> asio::awaitable<void> { co_return; };
  world in;
  EXPECT_EQ(raw_exchange(in, forgets_end, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "(reset)");
  EXPECT_EQ(raw_exchange(in, too_short, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "(reset)");
  EXPECT_TRUE(raw_exchange(in, silent, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 500"));
}

struct departure {
  bool wants_call = false;
  bool called = false;
  errc outcome = errc::ok;
};

asio::awaitable<void> wait_for_departure(http_exchange& exchange, departure* seen) {
  const auto executor = co_await asio::this_coro::executor;
  async::event gone(executor);
  auto note = [seen, &gone] {
    seen->called = true;
    gone.notify();
  };
  if (seen->wants_call) exchange.on_gone(note);
  const codec::http_fields none;
  co_await exchange.begin(200, none);
  const result<void> waited = co_await gone.wait();
  seen->outcome = to_errc(waited.error());
}

TEST(http_server, a_client_gone_cancels_the_handler_or_tells_it) {
  for (const bool told : {false, true}) {
    world in;
    auto pair = async::make_memory_streams(in.executor());
    const http_server_settings settings;
    departure seen;
    seen.wants_call = told;
    const http_handler handler = [&seen](http_exchange& exchange) {
      return wait_for_departure(exchange, &seen);
    };
    async::task_scope scope(in.executor());
    scope.spawn(serve_on, pair.second.get(), &handler, &settings, &in.with, nullptr);
    const bytes request = to_bytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    async::run(in.loop, pair.first->write(request));
    async::run(in.loop, read_text_until(pair.first.get(), "\r\n\r\n"));
    pair.first.reset();
    async::run(in.loop, scope.join());
    EXPECT_EQ(seen.called, told);
    EXPECT_EQ(seen.outcome, told ? errc::ok : errc::cancelled);
  }
}

asio::awaitable<void> answer_much(http_exchange& exchange, errc* outcome) {
  const bytes much(10'000, 'x');
  const codec::http_fields none;
  const result<void> sent = co_await exchange.respond(200, none, much);
  *outcome = to_errc(sent.error());
}

TEST(http_server, a_client_that_takes_nothing_is_cut_off) {
  world in;
  async::memory_stream_settings small;
  small.capacity_bytes = 300;
  auto pair = async::make_memory_streams(in.executor(), {}, small);
  http_server_settings settings;
  settings.write_time = 5ms;
  errc outcome = errc::ok;
  const http_handler handler = [&outcome](http_exchange& exchange) {
    return answer_much(exchange, &outcome);
  };
  async::task_scope scope(in.executor());
  scope.spawn(serve_on, pair.second.get(), &handler, &settings, &in.with, nullptr);
  const bytes request = to_bytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  async::run(in.loop, pair.first->write(request));
  async::run(in.loop, scope.join());
  EXPECT_EQ(outcome, errc::stalled);
}

TEST(http_server, one_request_can_be_served_from_bytes_read_before) {
  world in;
  auto pair = async::make_memory_streams(in.executor());
  const http_handler handler = echo;
  const http_server_settings settings;
  bytes input = to_bytes("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HT");
  const http_next next =
      async::run(in.loop, serve_http_once(*pair.second, handler, settings, in.with, input));
  EXPECT_EQ(next, http_next::another_request);
  EXPECT_EQ(as_chars(input), "GET /2 HT");
}

TEST(http_server, draining_closes_idle_connections_and_marks_the_last_answer) {
  world in;
  auto pair = async::make_memory_streams(in.executor());
  const http_handler handler = echo;
  const http_server_settings settings;
  http_drain drain;
  async::task_scope scope(in.executor());
  auto serve = [](std::unique_ptr<async::byte_stream> on, const http_handler* h,
                  const http_server_settings* s, services* w,
                  http_drain* d) -> asio::awaitable<void> { co_await serve_http(*on, *h, *s, *w, d); };
  std::unique_ptr<async::byte_stream> server = std::move(pair.second);
  scope.spawn(serve, std::move(server), &handler, &settings, &in.with, &drain);
  const bytes request = to_bytes("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  async::run(in.loop, pair.first->write(request));
  const result<std::string> first = async::run(in.loop, read_text_until(pair.first.get(), "/1 "));
  EXPECT_EQ(first->find("Connection: close"), std::string::npos);
  drain.begin();
  async::run(in.loop, scope.join());
  EXPECT_EQ(scope.live(), 0U);
}

}  // namespace
}  // namespace tp::net
