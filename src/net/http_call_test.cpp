// One call on a stream in memory: framing, ends, deadlines, cancellation at every await.
#include <gtest/gtest.h>

#include "net/http_client.hpp"
#include "net/test_support.hpp"

namespace tp::net {
namespace {

using namespace testing;

struct outcome {
  errc error = errc::ok;
  int status = 0;
  std::string body;
  bool ended = false;
};

asio::awaitable<void> call(std::unique_ptr<async::byte_stream> on, http_request request,
                           async::deadline until, after_request then, outcome* out) {
  auto answered = co_await http_call(std::move(on), std::move(request), "host.example", until, then);
  out->error = to_errc(answered.error());
  if (answered.has_error()) co_return;
  http_response& response = **answered;
  out->status = response.status();
  const result<bytes> body = co_await response.read_all(100'000);
  out->error = to_errc(body.error());
  if (body.has_value()) out->body = as_chars(*body);
  out->ended = body.has_value();
}

// The server side: takes the request's head, says `answer`, and ends.
asio::awaitable<void> say(std::unique_ptr<async::memory_stream> on, std::string answer,
                          std::string* request) {
  const result<std::string> got = co_await read_text_until(on.get(), "\r\n\r\n");
  if (got.has_value()) *request = *got;
  const result<void> sent = co_await on->write(as_bytes(answer));
  if (sent.has_value()) co_await on->close_write();
}

outcome exchange(world& in, const std::string& answer, std::string method = "GET",
                 std::string* request = nullptr) {
  auto pair = async::make_memory_streams(in.executor());
  std::string ignored;
  outcome out;
  async::task_scope scope(in.executor());
  scope.spawn(say, std::move(pair.second), answer, request == nullptr ? &ignored : request);
  http_request wanted;
  wanted.method = std::move(method);
  std::unique_ptr<async::byte_stream> client = std::move(pair.first);
  async::run(in.loop, call(std::move(client), std::move(wanted), async::deadline::after(10s),
                           after_request::keep_open, &out));
  async::run(in.loop, scope.join());
  return out;
}

TEST(http_call, reads_every_framing_and_tells_a_cut_from_an_end) {
  struct row {
    const char* name;
    std::string answer;
    errc error;
    int status;
    std::string body;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::vector<row> rows{
      {"length", ok + "Content-Length: 5\r\n\r\nhello", errc::ok, 200, "hello"},
      {"chunked", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", errc::ok, 200,
       "hello"},
      {"until close", ok + "\r\nhello", errc::ok, 200, "hello"},
      {"empty", ok + "Content-Length: 0\r\n\r\n", errc::ok, 200, ""},
      {"no content", "HTTP/1.1 204 No Content\r\n\r\n", errc::ok, 204, ""},
      {"informational first",
       "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok +
           "Content-Length: 1\r\n\r\nx",
       errc::ok, 200, "x"},
      {"length cut", ok + "Content-Length: 9\r\n\r\nhello", errc::connection_closed, 200, ""},
      {"chunk cut", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", errc::connection_closed, 200,
       ""},
      {"bad chunk", ok + "Transfer-Encoding: chunked\r\n\r\nz\r\n", errc::invalid_http, 200, ""},
      {"nothing", "", errc::connection_closed, 0, ""},
      {"head cut", "HTTP/1.1 200 OK\r\nContent-", errc::connection_closed, 0, ""},
      {"not http", "SSH-2.0-OpenSSH\r\n\r\n", errc::invalid_http, 0, ""},
      {"switching", "HTTP/1.1 101 Switching Protocols\r\n\r\n", errc::invalid_http, 0, ""},
      {"long head", ok + "A: " + std::string(20'000, 'x') + "\r\n\r\n", errc::too_large, 0, ""},
      {"long body", ok + "Content-Length: 100001\r\n\r\n" + std::string(100'001, 'x'), errc::too_large, 200,
       ""},
  };
  for (const row& want : rows) {
    world in;
    const outcome got = exchange(in, want.answer);
    EXPECT_EQ(got.error, want.error) << want.name << ": " << name(got.error);
    EXPECT_EQ(got.status, want.status) << want.name;
    EXPECT_EQ(got.body, want.body) << want.name;
  }
}

TEST(http_call, writes_what_a_request_needs_and_nothing_else) {
  world in;
  std::string request;
  const outcome got = exchange(in, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", &request);
  EXPECT_EQ(got.status, 200);
  EXPECT_TRUE(got.ended);
  EXPECT_EQ(request, "HEAD / HTTP/1.1\r\nHost: host.example\r\nConnection: close\r\n\r\n");
  exchange(in, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "POST", &request);
  EXPECT_NE(request.find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_EQ(exchange(in, "", "BAD METHOD").error, errc::invalid_argument);
}

TEST(http_call, the_deadline_covers_the_head_and_the_body) {
  for (const std::string_view begun : {"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"}) {
    world in;
    auto pair = async::make_memory_streams(in.executor());
    const bytes answer = to_bytes(begun);
    async::run(in.loop, pair.second->write(answer));
    outcome out;
    std::unique_ptr<async::byte_stream> client = std::move(pair.first);
    async::run(in.loop,
               call(std::move(client), {}, async::deadline::after(5ms), after_request::keep_open, &out));
    EXPECT_EQ(out.error, errc::deadline_exceeded);
  }
}

TEST(http_call, an_abandoned_answer_resets_the_stream) {
  world in;
  auto pair = async::make_memory_streams(in.executor());
  const bytes answer = to_bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  async::run(in.loop, pair.second->write(answer));
  bool gone = false;
  pair.second->on_peer_gone([&gone] { gone = true; });
  std::unique_ptr<async::byte_stream> client = std::move(pair.first);
  auto response =
      async::run(in.loop, http_call(std::move(client), {}, "host.example", async::deadline::never()));
  ASSERT_TRUE(response.has_value());
  in.poll();
  EXPECT_FALSE(gone);
  response->reset();
  in.poll();
  EXPECT_TRUE(gone);
}

asio::awaitable<void> stream_words(http_exchange& exchange) {
  const result<bytes> body = co_await exchange.read_body(1'000'000);
  if (body.has_error()) co_return;
  const codec::http_fields none;
  co_await exchange.begin(200, none);
  for (int i = 0; i < 3; ++i) co_await exchange.write(as_bytes("word "));
  co_await exchange.end();
}

// Runs one call against our own server; cancels the client after `steps` turns of the loop. True: it was
// complete.
bool cancelled_call_ends(std::size_t steps, after_request then, std::size_t body_size) {
  world in;
  async::memory_stream_settings split;
  split.split_seed = steps;
  split.capacity_bytes = 50'000;
  auto pair = async::make_memory_streams(in.executor(), split, split);
  const http_handler handler = stream_words;
  const http_server_settings settings;
  async::task_scope server(in.executor());
  auto serve = [](std::unique_ptr<async::byte_stream> on, const http_handler* h,
                  const http_server_settings* s,
                  services* w) -> asio::awaitable<void> { co_await serve_http(*on, *h, *s, *w); };
  std::unique_ptr<async::byte_stream> far = std::move(pair.second);
  server.spawn(serve, std::move(far), &handler, &settings, &in.with);
  const bytes body(body_size, 'b');
  http_request request;
  request.method = "POST";
  request.body = body;
  outcome out;
  out.error = errc::cancelled;  // so it stays if the call never begins
  async::task_scope client(in.executor());
  std::unique_ptr<async::byte_stream> near = std::move(pair.first);
  client.spawn(call, std::move(near), std::move(request), async::deadline::after(10s), then, &out);
  for (std::size_t i = 0; i < steps && client.live() > 0; ++i) in.loop.run_one();
  client.cancel();
  async::run(in.loop, client.join());
  async::run(in.loop, server.join());
  if (out.ended) {
    EXPECT_EQ(out.body, "word word word ");
  } else {
    EXPECT_EQ(out.error, errc::cancelled) << name(out.error);
  }
  return out.ended;
}

TEST(http_call, cancellation_at_every_await_ends_both_sides) {
  for (const after_request then : {after_request::keep_open, after_request::close_write}) {
    for (const std::size_t body_size : {10U, 200'000U}) {
      std::size_t steps = 0;
      const std::size_t stride = body_size > 1'000 ? 97 : 1;
      while (!cancelled_call_ends(steps, then, body_size) && steps < 200'000) steps += stride;
      EXPECT_GT(steps, 3U);
      EXPECT_LT(steps, 200'000U);
    }
  }
}

}  // namespace
}  // namespace tp::net
