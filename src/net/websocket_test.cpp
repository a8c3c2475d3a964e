#include "net/websocket.hpp"

#include <gtest/gtest.h>

#include "net/test_support.hpp"
#include "net/tls.hpp"

namespace tp::net {
namespace {

using namespace testing;

asio::awaitable<void> echo_websocket(std::unique_ptr<connection> on, errc* outcome) {
  const auto until = async::deadline::after(10s);
  bytes head;
  bytes part(4096);
  while (as_chars(head).find("\r\n\r\n") == std::string_view::npos) {
    const result<std::size_t> size = co_await on->read_some(part);
    if (size.has_error() || *size == 0) co_return;
    append(head, bytes_view(part).first(*size));
  }
  auto accepted = co_await accept_websocket(std::move(on), std::move(head), until);
  if (accepted.has_error()) {
    *outcome = to_errc(accepted.error());
    co_return;
  }
  async::byte_stream& stream = **accepted;
  bytes piece(limits::websocket_read_bytes);
  while (true) {
    const result<std::size_t> got = co_await stream.read_some(piece);
    *outcome = to_errc(got.error());
    if (got.has_error() || *got == 0) break;
    const result<void> sent = co_await stream.write(bytes_view(piece).first(*got));
    if (sent.has_error()) break;
  }
}

// An echo server on a port of its own, for one connection at a time.
struct echo_server {
  explicit echo_server(world& in, const tls_server* with = nullptr)
      : tls(with), scope(in.executor()), on(*listener::open(in.executor(), {})) {
    scope.spawn([](echo_server* self) { return self->accept(); }, this);
  }
  asio::awaitable<void> accept() {
    auto start = [this](std::unique_ptr<connection> one) {
      auto task = [](echo_server* self, std::unique_ptr<connection> c) { return self->serve(std::move(c)); };
      scope.spawn(task, this, std::move(one));
    };
    co_await on->run(start);
  }
  asio::awaitable<void> serve(std::unique_ptr<connection> one) {
    const auto until = async::deadline::after(10s);
    if (tls != nullptr) {
      const result<void> secured = co_await one->start_tls(*tls, until);
      if (secured.has_error()) co_return;
    }
    co_await echo_websocket(std::move(one), &outcome);
  }
  const tls_server* tls;
  async::task_scope scope;
  std::unique_ptr<listener> on;
  errc outcome = errc::internal;
};

void stop(world& in, echo_server& server) {
  server.on->close();
  async::run(in.loop, server.scope.join());
}

asio::awaitable<void> write_all(async::byte_stream* to, bytes data, std::size_t piece) {
  for (std::size_t at = 0; at < data.size(); at += piece) {
    const bytes_view part = bytes_view(data).subspan(at, std::min(piece, data.size() - at));
    const result<void> sent = co_await to->write(part);
    EXPECT_TRUE(sent.has_value());
  }
}

task<bytes> read_exactly(async::byte_stream* from, std::size_t size) {
  bytes all(size);
  std::size_t filled = 0;
  while (filled < size) {
    const result<std::size_t> got = co_await from->read_some(bytes_span(all).subspan(filled));
    if (got.has_error()) co_return got.error();
    if (*got == 0) co_return errc::connection_closed;
    filled += *got;
  }
  co_return all;
}

TEST(websocket, echoes_any_sizes_plain_and_with_tls) {
  const certificate files;
  const tls_server server_tls = *tls_server::from_files(files.chain(), files.key_file());
  const tls_client client_tls = *tls_client::from_ca_file(files.chain());
  for (const bool secure : {false, true}) {
    world in;
    echo_server server(in, secure ? &server_tls : nullptr);
    const auto url = local_url(server.on->port(), secure ? codec::url_scheme::wss : codec::url_scheme::ws);
    const auto until = async::deadline::after(10s);
    auto dialled = async::run(in.loop, dial_websocket(url, &client_tls, until));
    ASSERT_TRUE(dialled.has_value());
    async::byte_stream* client = dialled->get();
    for (const std::size_t piece : {1U, 125U, 126U, 65'535U, 65'536U, 1U << 20}) {
      bytes data(std::min<std::size_t>(piece * 3 + 1, 1'500'000));
      in.random.fill(data);
      async::task_scope writing(in.executor());
      writing.spawn(write_all, client, data, piece);
      const result<bytes> back = async::run(in.loop, read_exactly(client, data.size()));
      async::run(in.loop, writing.join());
      EXPECT_TRUE(back.has_value() && *back == data) << piece;
    }
    const result<void> closed = async::run(in.loop, client->close_write());
    EXPECT_TRUE(closed.has_value());
    stop(in, server);
    EXPECT_EQ(server.outcome, errc::ok);
  }
}

// A client by hand: one masked frame (mask 0, so the payload stays readable).
bytes frame(int opcode, bool final_fragment, std::string_view payload) {
  bytes out;
  out.push_back(static_cast<std::uint8_t>((final_fragment ? 0x80 : 0) | opcode));
  out.push_back(static_cast<std::uint8_t>(0x80U | payload.size()));
  out.insert(out.end(), 4, 0);
  append(out, payload);
  return out;
}

constexpr std::string_view upgrade_head =
    "GET /any/path HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

struct raw_client {
  explicit raw_client(world& in) : server(in) {
    const auto until = async::deadline::after(10s);
    link = *async::run(in.loop, dial(local_url(server.on->port()), nullptr, until));
  }
  echo_server server;
  std::unique_ptr<connection> link;
};

std::string talk(world& in, raw_client& client, bytes_view what, std::string_view until) {
  async::run(in.loop, client.link->write(what));
  const result<std::string> text = async::run(in.loop, read_text_until(client.link.get(), until));
  return text.has_value() ? *text : "(ended)";
}

TEST(websocket, accepts_fragments_and_answers_pings_between_them) {
  world in;
  raw_client client(in);
  bytes request = to_bytes(upgrade_head);
  append(request, "\r\n");
  append(request, frame(2, false, "early"));  // sent with the head, before the answer
  const std::string answer = talk(in, client, request, "early");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 "));
  EXPECT_NE(answer.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);  // RFC 6455 section 1.3
  bytes rest = frame(9, true, "marco");
  append(rest, frame(0, true, "late"));
  const std::string got = talk(in, client, rest, "late");
  EXPECT_NE(got.find("marco"), std::string::npos);
  client.link->reset();
  stop(in, client.server);
  EXPECT_EQ(client.server.outcome, errc::connection_reset);
}

TEST(websocket, closes_with_a_reason_what_it_refuses) {
  struct row {
    const char* name;
    bytes sent;
    std::string close;
  };
  bytes unmasked{0x82, 0x01, 'x'};
  bytes oversized{0x82, 0xff, 0, 0, 0, 0, 0, 0x40, 0, 1, 0, 0, 0, 0};
  oversized.resize(oversized.size() + 1'000);
  const std::vector<row> rows{
      {"text", frame(1, true, "hello"), std::string("\x88\x02\x03\xeb", 4)},  // 1003
      {"unmasked", unmasked, std::string("\x88\x02\x03\xea", 4)},             // 1002
      {"reserved opcode", frame(3, true, "x"), std::string("\x88\x02\x03\xea", 4)},
      {"oversized", oversized, std::string("\x88\x02\x03\xf1", 4)},  // 1009
  };
  for (const row& want : rows) {
    world in;
    raw_client client(in);
    bytes request = to_bytes(upgrade_head);
    append(request, "\r\n");
    ASSERT_TRUE(talk(in, client, request, "\r\n\r\n").starts_with("HTTP/1.1 101 ")) << want.name;
    EXPECT_TRUE(talk(in, client, want.sent, want.close).ends_with(want.close)) << want.name;
    const bytes close = frame(8, true, "");
    async::run(in.loop, client.link->write(close));
    client.link->reset();
    stop(in, client.server);
    EXPECT_NE(client.server.outcome, errc::ok) << want.name;
  }
}

TEST(websocket, a_long_head_is_accepted_and_an_invalid_upgrade_is_answered) {
  world in;
  {
    raw_client client(in);
    bytes request = to_bytes(upgrade_head);
    append(request, "Cookie: " + std::string(3'000, 'c') + "\r\n\r\n");
    EXPECT_TRUE(talk(in, client, request, "\r\n\r\n").starts_with("HTTP/1.1 101 "));
    client.link->reset();
    stop(in, client.server);
  }
  raw_client client(in);
  const bytes request = to_bytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  async::run(in.loop, client.link->write(request));
  const result<std::string> answer = async::run(in.loop, read_text_to_end(client.link.get()));
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->starts_with("HTTP/1.1 400 ") || answer->starts_with("HTTP/1.1 426 "));
  stop(in, client.server);
  EXPECT_EQ(client.server.outcome, errc::invalid_http);
}

TEST(websocket, a_dialled_server_that_does_not_upgrade_or_stays_silent) {
  world in;
  auto on = *listener::open(in.executor(), {});
  std::unique_ptr<connection> accepted;
  async::task_scope scope(in.executor());
  scope.spawn(accept_one, on.get(), static_cast<const tls_server*>(nullptr), &accepted);
  const auto until = async::deadline::after(5ms);
  const auto silent =
      async::run(in.loop, dial_websocket(local_url(on->port(), codec::url_scheme::ws), nullptr, until));
  EXPECT_EQ(to_errc(silent.error()), errc::deadline_exceeded);
  async::run(in.loop, scope.join());
}

asio::awaitable<void> read_for_ever(async::byte_stream* from, errc* outcome) {
  bytes piece(16);
  const result<std::size_t> got = co_await from->read_some(piece);
  *outcome = to_errc(got.error());
}

TEST(websocket, a_pending_read_ends_by_cancellation_and_by_reset) {
  for (const bool cancel : {false, true}) {
    world in;
    echo_server server(in);
    const auto until = async::deadline::after(10s);
    auto dialled = async::run(
        in.loop, dial_websocket(local_url(server.on->port(), codec::url_scheme::ws), nullptr, until));
    errc outcome = errc::ok;
    async::task_scope scope(in.executor());
    scope.spawn(read_for_ever, dialled->get(), &outcome);
    in.poll();
    if (cancel) scope.cancel();
    if (!cancel) (*dialled)->reset();
    async::run(in.loop, scope.join());
    EXPECT_EQ(outcome, cancel ? errc::cancelled : errc::connection_reset);
    dialled->reset();
    stop(in, server);
  }
}

}  // namespace
}  // namespace tp::net
