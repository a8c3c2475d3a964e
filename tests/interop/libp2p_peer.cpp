// A libp2p host for the interop tests, made of the parts the relay and the node use: it listens on TCP and
// WebSocket, or dials, and speaks HTTP on /http/1.1 streams. Says on stdout what the script has to know, ends
// when stdin ends.
//   libp2p_peer listen            prints a multiaddr per transport
//   libp2p_peer dial URL PEER_ID  tcp://host:port or ws://host:port/; runs its checks; exit code 0: all held
#include <unistd.h>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <list>

#include "async/run.hpp"
#include "async/task_scope.hpp"
#include "base/metrics.hpp"
#include "crypto/random.hpp"
#include "link/session.hpp"
#include "link/stream.hpp"
#include "net/dial.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/listener.hpp"
#include "net/websocket.hpp"

namespace tp {
namespace {

using namespace std::chrono_literals;
using async::task;

std::uint8_t pattern(std::size_t at) { return static_cast<std::uint8_t>(at * 7 + at / 251); }

struct world {
  asio::io_context loop;
  system_clock_source clock;
  crypto::os_random random;
  stderr_logger log{log_level::warning, log_format::text, clock};
  metrics meters;
  services with{clock, random, log, meters};
  crypto::ed25519_key identity = crypto::ed25519_key::generate(random);
  net::http_server_settings http;
  async::task_scope scope{loop.get_executor()};
};

asio::awaitable<void> echo(net::http_exchange& exchange) {
  const auto body = co_await exchange.read_body(8'000'000);
  if (!body) co_return;
  codec::http_fields fields;
  co_await exchange.respond(200, fields, *body);
}

asio::awaitable<void> pour(net::http_exchange& exchange, std::size_t size) {
  codec::http_fields fields;
  const auto begun = co_await exchange.begin(200, fields);
  if (!begun) co_return;
  bytes buffer(32'768);
  for (std::size_t done = 0; done < size;) {
    const std::size_t part = std::min(buffer.size(), size - done);
    for (std::size_t i = 0; i < part; ++i) buffer[i] = pattern(done + i);
    const auto written = co_await exchange.write(bytes_view(buffer).first(part));
    if (!written) co_return;
    done += part;
  }
  co_await exchange.end();
}

asio::awaitable<void> answer(net::http_exchange& exchange) {
  const std::string_view path = exchange.request().path();
  codec::http_fields fields;
  fields.add("Content-Type", "text/plain");
  if (path == "/echo") {
    co_await echo(exchange);
  } else if (path == "/large") {
    co_await pour(exchange, 5'000'000);
  } else if (path == "/endless") {
    co_await pour(exchange, SIZE_MAX);
    std::printf("endless answer was cut\n");
    std::fflush(stdout);
  } else {
    co_await exchange.respond(200, fields, as_bytes("hello from C++"));
  }
}

const net::http_handler handler = answer;

asio::awaitable<void> serve_stream(world* w, std::unique_ptr<link::stream> stream) {
  co_await net::serve_http(*stream, handler, w->http, w->with);
}

asio::awaitable<void> run_session(world* w, std::unique_ptr<link::session> session,
                                  async::task_scope* streams) {
  link::session* of = session.get();
  of->handle(std::string(link::http_protocol), [w, of, streams](std::uint32_t id) -> link::stream_events* {
    auto made = std::make_unique<link::stream>(*of, id);
    link::stream* events = made.get();
    return streams->spawn(serve_stream, w, std::move(made)) ? events : nullptr;
  });
  const auto ended = co_await of->run();
  streams->cancel();
  co_await streams->join();
  std::printf("session ended: %s\n", ended ? "ok" : std::string(name(to_errc(ended.error()))).c_str());
  std::fflush(stdout);
}

asio::awaitable<void> accept_session(world* w, std::unique_ptr<async::byte_stream> stream) {
  const auto until = async::deadline::after(limits::link_handshake_time);
  auto session = co_await link::session::handshake(std::move(stream), link::role::listener, w->identity,
                                                   std::nullopt, w->with, until);
  if (!session) co_return;
  async::task_scope streams(w->loop.get_executor());
  co_await run_session(w, std::move(*session), &streams);
}

asio::awaitable<void> accept_tcp(world* w, std::unique_ptr<net::connection> on) {
  co_await accept_session(w, std::move(on));
}

asio::awaitable<void> accept_websocket(world* w, std::unique_ptr<net::connection> on) {
  bytes head(16'384);
  std::size_t have = 0;
  while (as_chars(bytes_view(head).first(have)).find("\r\n\r\n") == std::string_view::npos &&
         have < head.size()) {
    const auto size = co_await on->read_some(bytes_span(head).subspan(have));
    if (!size || *size == 0) co_return;
    have += *size;
  }
  head.resize(have);
  const auto until = async::deadline::after(limits::link_handshake_time);
  auto stream = co_await net::accept_websocket(std::move(on), std::move(head), until);
  if (stream) co_await accept_session(w, std::move(*stream));
}

asio::awaitable<void> accept_all(net::listener* on,
                                 std::function<void(std::unique_ptr<net::connection>)> accepted) {
  co_await on->run(std::move(accepted));
}

asio::awaitable<void> wait_for_end_of_input(world* w) {
  asio::posix::stream_descriptor input(w->loop, ::dup(STDIN_FILENO));
  co_await input.async_wait(asio::posix::stream_descriptor::wait_read, async::as_tuple);
  w->scope.cancel();
}

int listen(world& w) {
  auto tcp = net::listener::open(w.loop.get_executor(), {});
  auto ws = net::listener::open(w.loop.get_executor(), {});
  if (!tcp || !ws) return 1;
  w.scope.spawn(accept_all, tcp->get(),
                [&w](std::unique_ptr<net::connection> on) { w.scope.spawn(accept_tcp, &w, std::move(on)); });
  w.scope.spawn(accept_all, ws->get(), [&w](std::unique_ptr<net::connection> on) {
    w.scope.spawn(accept_websocket, &w, std::move(on));
  });
  w.scope.spawn(wait_for_end_of_input, &w);
  const std::string id = codec::peer_id::from_public_key(w.identity.public_key()).text();
  std::printf("/ip4/127.0.0.1/tcp/%u/p2p/%s\n", (*tcp)->port(), id.c_str());
  std::printf("/ip4/127.0.0.1/tcp/%u/ws/p2p/%s\nready\n", (*ws)->port(), id.c_str());
  std::fflush(stdout);
  w.loop.run();
  return 0;
}

task<bytes> call(link::session& on, net::http_request request) {
  auto stream = co_await link::open_http(on);
  if (!stream) co_return stream.error();
  const auto until = async::deadline::after(30s);
  auto response = co_await net::http_call(std::move(*stream), std::move(request), "node", until,
                                          net::after_request::close_write);
  if (!response) co_return response.error();
  if ((*response)->status() != 200) co_return errc::invalid_http;
  auto body = co_await (*response)->read_all(8'000'000);
  co_return body;
}

asio::awaitable<void> call_once(link::session* on, int* good) {
  net::http_request request;
  request.target = "/hello";
  const auto body = co_await call(*on, std::move(request));
  if (body && as_chars(*body) == "hello from JS") ++*good;
}

asio::awaitable<void> check(link::session* on, int* failures) {
  const auto expect = [failures](const char* what, auto held) {
    std::printf("%s %s\n", held ? "ok" : "FAILED", what);
    if (!held) ++*failures;
  };
  // First, so that js-libp2p has finished its upgrade: it resets streams whose data and end come before that.
  link::stream other(*on, "/nothing/1.0.0");
  bytes buffer(10);
  const auto refused = co_await other.read_some(buffer);
  expect("unknown protocol is refused", !refused && to_errc(refused.error()) == errc::multistream_rejected);
  int good = 0;
  co_await call_once(on, &good);
  expect("a request", good == 1);

  bytes large(5'000'000);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = pattern(i);
  net::http_request upload;
  upload.method = "POST";
  upload.target = "/echo";
  upload.body = large;
  const auto echoed = co_await call(*on, std::move(upload));
  expect("5 MB both ways", echoed && *echoed == large);

  async::task_scope calls(on->executor());
  for (int i = 0; i < 50; ++i) calls.spawn(call_once, on, &good);
  co_await calls.join();
  expect("50 parallel requests", good == 51);

  auto aborted = co_await link::open_http(*on);
  if (aborted) {
    const auto written = co_await (*aborted)->write(as_bytes("GET /never HTTP/1.1\r\nHost: x\r\n\r\n"));
    (*aborted)->reset();
    expect("abort", written.has_value());
  }
  good = 0;
  co_await call_once(on, &good);
  expect("a request afterwards", good == 1);
  on->close();
}

asio::awaitable<void> dial(world* w, codec::url to, codec::peer_id peer, bool websocket, int* failures) {
  const auto until = async::deadline::after(10s);
  std::unique_ptr<async::byte_stream> stream;
  if (websocket) {
    auto opened = co_await net::dial_websocket(to, nullptr, until);
    if (opened) stream = std::move(*opened);
  } else {
    auto opened = co_await net::dial(to, nullptr, until);
    if (opened) stream = std::move(*opened);
  }
  if (!stream) co_return;
  auto session = co_await link::session::handshake(std::move(stream), link::role::dialer, w->identity, peer,
                                                   w->with, until);
  if (!session) co_return;
  *failures = 0;
  async::task_scope streams(w->loop.get_executor());
  async::task_scope checks(w->loop.get_executor());
  checks.spawn(check, session->get(), failures);
  co_await run_session(w, std::move(*session), &streams);
  co_await checks.join();
}

int dial(world& w, std::string target, const std::string& peer_text) {
  const bool websocket = target.starts_with("ws://");
  if (target.starts_with("tcp://")) target.replace(0, 3, "http");
  const auto to = codec::parse_url(target);
  const auto peer = codec::peer_id::parse(peer_text);
  if (!to || !peer) return 2;
  int failures = -1;
  async::run(w.loop, dial(&w, *to, *peer, websocket, &failures));
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tp

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  tp::world w;
  if (words.size() == 1 && words[0] == "listen") return tp::listen(w);
  if (words.size() == 3 && words[0] == "dial") return tp::dial(w, words[1], words[2]);
  std::fprintf(stderr, "usage: libp2p_peer listen | libp2p_peer dial URL PEER_ID\n");
  return 2;
}
