#include "net/connection.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <vector>

#include "async/event.hpp"
#include "net/dial.hpp"
#include "net/listener.hpp"
#include "net/test_support.hpp"
#include "net/tls.hpp"

namespace tp::net {
namespace {

using namespace testing;

enum class kind { plain, tls };

class connection_kinds : public ::testing::TestWithParam<kind> {
 protected:
  linked connect() {
    if (GetParam() == kind::plain) return link_up(in);
    return link_up(in, &server_tls, &client_tls);
  }
  certificate files;
  tls_server server_tls = *tls_server::from_files(files.chain(), files.key_file());
  tls_client client_tls = *tls_client::from_ca_file(files.chain());
  world in;
};

INSTANTIATE_TEST_SUITE_P(net, connection_kinds, ::testing::Values(kind::plain, kind::tls),
                         [](const auto& info) { return info.param == kind::plain ? "plain" : "tls"; });

asio::awaitable<void> write_then_close(connection* to, bytes data, errc* outcome) {
  result<void> done = co_await to->write(data);
  if (done.has_value()) done = co_await to->close_write();
  *outcome = to_errc(done.error());
}

TEST_P(connection_kinds, carries_a_megabyte_and_the_end) {
  linked ends = connect();
  ASSERT_TRUE(ends.server && ends.client);
  EXPECT_EQ(ends.client->is_tls(), GetParam() == kind::tls);
  bytes data(1U << 20);
  in.random.fill(data);
  errc wrote = errc::internal;
  async::task_scope scope(in.executor());
  scope.spawn(write_then_close, ends.server.get(), data, &wrote);
  const result<std::string> got = async::run(in.loop, read_text_to_end(ends.client.get()));
  async::run(in.loop, scope.join());
  EXPECT_EQ(wrote, errc::ok);
  EXPECT_TRUE(got.has_value() && *got == as_chars(data));
}

task<std::size_t> read_by_readiness(connection* from, std::size_t wanted) {
  bytes shared(700);  // smaller than a TLS record: bytes then wait inside
  std::size_t total = 0;
  while (total < wanted) {
    const result<void> ready = co_await from->wait_readable();
    if (ready.has_error()) co_return ready.error();
    const io_outcome got = from->try_read(shared);
    if (got.status == io_status::would_block) continue;
    if (got.status != io_status::done) co_return errc::connection_closed;
    total += got.bytes;
  }
  co_return total;
}

TEST_P(connection_kinds, waiting_for_readiness_never_misses_bytes) {
  linked ends = connect();
  const bytes data(100'000, 7);
  errc wrote = errc::internal;
  async::task_scope scope(in.executor());
  scope.spawn(write_then_close, ends.client.get(), data, &wrote);
  const result<std::size_t> got = async::run(in.loop, read_by_readiness(ends.server.get(), data.size()));
  EXPECT_EQ(got.value(), data.size());
  async::run(in.loop, scope.join());
}

task<std::size_t> fill_up(connection* to) {
  const bytes block(1U << 20, 1);
  std::size_t sent = 0;
  while (true) {
    const io_outcome step = to->try_write(block);
    if (step.status == io_status::would_block) co_return sent;
    if (step.status == io_status::failed) co_return step.error;
    sent += step.bytes;
  }
}

TEST_P(connection_kinds, a_full_socket_says_would_block_and_becomes_writable_again) {
  linked ends = connect();
  const result<std::size_t> sent = async::run(in.loop, fill_up(ends.client.get()));
  ASSERT_GT(sent.value(), 0U);
  async::task_scope scope(in.executor());
  bool writable = false;
  scope.spawn(
      [](connection* on, bool* flag) -> asio::awaitable<void> {
        const result<void> ready = co_await on->wait_writable();
        *flag = ready.has_value();
      },
      ends.client.get(), &writable);
  in.poll();
  EXPECT_FALSE(writable);
  async::run(in.loop, read_by_readiness(ends.server.get(), *sent));
  async::run(in.loop, scope.join());
  EXPECT_TRUE(writable);
}

enum class departure { close, reset };

asio::awaitable<void> wait_notified(async::event* on) { co_await on->wait(); }

TEST_P(connection_kinds, a_peer_that_leaves_while_nobody_reads_is_noticed_once) {
  for (const departure way : {departure::close, departure::reset}) {
    linked ends = connect();
    async::event told(in.executor());
    int calls = 0;
    ends.server->on_peer_gone([&] {
      ++calls;
      told.notify();
    });
    in.poll();
    EXPECT_EQ(calls, 0);
    if (way == departure::reset) ends.client->reset();
    if (way == departure::close) async::run(in.loop, ends.client->close_write());
    async::run(in.loop, wait_notified(&told));
    in.poll();
    EXPECT_EQ(calls, 1);
  }
}

TEST_P(connection_kinds, the_watch_survives_unread_bytes_and_is_rearmed_after_them) {
  linked ends = connect();
  async::event told(in.executor());
  ends.server->on_peer_gone([&] { told.notify(); });
  const bytes data = to_bytes("early");
  async::run(in.loop, ends.client->write(data));
  async::run(in.loop, ends.server->wait_readable());
  in.poll();  // the watch sees bytes and waits for an error only
  bytes piece(64);
  EXPECT_EQ(ends.server->try_read(piece).bytes, 5U);
  EXPECT_EQ(ends.server->try_read(piece).status, io_status::would_block);
  async::run(in.loop, ends.client->close_write());
  async::run(in.loop, wait_notified(&told));
}

TEST_P(connection_kinds, writing_to_a_peer_that_reset_raises_no_signal) {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGPIPE, &standard, nullptr);
  linked ends = connect();
  ends.client->reset();
  const bytes data(1'000, 1);
  result<void> wrote = async::success();
  for (int i = 0; i < 100 && wrote.has_value(); ++i) wrote = async::run(in.loop, ends.server->write(data));
  EXPECT_EQ(to_errc(wrote.error()), errc::connection_reset);
  const result<void> again = async::run(in.loop, ends.server->write(data));
  EXPECT_EQ(to_errc(again.error()), errc::connection_reset);
}

asio::awaitable<void> read_once(connection* from, errc* outcome) {
  bytes piece(16);
  const result<std::size_t> got = co_await from->read_some(piece);
  *outcome = to_errc(got.error());
}

TEST_P(connection_kinds, a_cancelled_read_loses_nothing_and_a_reset_ends_it) {
  linked ends = connect();
  errc outcome = errc::ok;
  {
    async::task_scope scope(in.executor());
    scope.spawn(read_once, ends.server.get(), &outcome);
    in.poll();
    scope.cancel();
    async::run(in.loop, scope.join());
    EXPECT_EQ(outcome, errc::cancelled);
  }
  const bytes data = to_bytes("kept");
  async::run(in.loop, ends.client->write(data));
  bytes piece(16);
  const result<std::size_t> got = async::run(in.loop, ends.server->read_some(piece));
  EXPECT_EQ(got.value(), 4U);
  async::task_scope scope(in.executor());
  scope.spawn(read_once, ends.server.get(), &outcome);
  in.poll();
  ends.server->reset();
  async::run(in.loop, scope.join());
  EXPECT_EQ(outcome, errc::connection_reset);
}

TEST(tls, refuses_a_certificate_for_another_name_and_an_unknown_issuer) {
  world in;
  const certificate files;
  const certificate others;
  const tls_server server = *tls_server::from_files(files.chain(), files.key_file());
  const tls_client wrong_root = *tls_client::from_ca_file(others.chain());
  linked ends = link_up(in, &server, &wrong_root);
  EXPECT_EQ(ends.client, nullptr);

  const tls_client right_root = *tls_client::from_ca_file(files.chain());
  ends = link_up(in);
  async::task_scope scope(in.executor());
  scope.spawn(
      [](connection* on, const tls_server* with) -> asio::awaitable<void> {
        const auto until = async::deadline::after(10s);
        co_await on->start_tls(*with, until);
      },
      ends.server.get(), &server);
  const auto until = async::deadline::after(10s);
  const result<void> named =
      async::run(in.loop, ends.client->start_tls(right_root, "elsewhere.example", until));
  EXPECT_EQ(to_errc(named.error()), errc::tls_failed);
  async::run(in.loop, scope.join());
}

TEST(tls, a_silent_peer_meets_the_deadline) {
  world in;
  const certificate files;
  const tls_client roots = *tls_client::from_ca_file(files.chain());
  linked ends = link_up(in);
  const auto until = async::deadline::after(5ms);
  const result<void> started = async::run(in.loop, ends.client->start_tls(roots, "localhost", until));
  EXPECT_EQ(to_errc(started.error()), errc::deadline_exceeded);
}

TEST(tls, names_what_is_wrong_with_its_files) {
  const certificate one;
  const certificate two;
  EXPECT_EQ(to_errc(tls_server::from_files("/nowhere/chain", one.key_file()).error()), errc::file_not_found);
  EXPECT_EQ(to_errc(tls_server::from_files(one.chain(), two.key_file()).error()), errc::key_file_invalid);
  EXPECT_EQ(to_errc(tls_client::from_ca_file(one.key_file()).error()), errc::key_file_invalid);
  EXPECT_TRUE(tls_client::from_system_roots().has_value());
}

TEST(listener, reports_a_port_in_use_and_a_host_that_is_no_address) {
  world in;
  const auto first = listener::open(in.executor(), {});
  ASSERT_TRUE(first.has_value());
  listen_settings same;
  same.port = (*first)->port();
  EXPECT_EQ(to_errc(listener::open(in.executor(), same).error()), errc::address_in_use);
  listen_settings named;
  named.host = "example.org";
  EXPECT_EQ(to_errc(listener::open(in.executor(), named).error()), errc::invalid_argument);
}

asio::awaitable<void> run_listener(listener* on, std::vector<std::unique_ptr<connection>>* accepted) {
  auto keep = [accepted](std::unique_ptr<connection> one) { accepted->push_back(std::move(one)); };
  co_await on->run(keep);
}

TEST(listener, running_out_of_descriptors_pauses_and_recovers) {
  world in;
  const auto on = listener::open(in.executor(), {});
  linked warm_up = link_up(in);
  std::vector<std::unique_ptr<connection>> accepted;
  async::task_scope scope(in.executor());
  scope.spawn(run_listener, on->get(), &accepted);
  asio::ip::tcp::socket client(in.executor());
  client.open(asio::ip::tcp::v4());
  struct rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  struct rlimit none = before;
  none.rlim_cur = 3;
  ::setrlimit(RLIMIT_NOFILE, &none);
  client.connect({asio::ip::address_v4::loopback(), (*on)->port()});
  in.loop.restart();
  const std::size_t spins = in.loop.run_for(30ms);
  EXPECT_TRUE(accepted.empty());
  EXPECT_LT(spins, 20U);
  ::setrlimit(RLIMIT_NOFILE, &before);
  in.loop.restart();
  while (accepted.empty()) in.loop.run_one();
  (*on)->close();
  async::run(in.loop, scope.join());
}

TEST(dial, names_why_it_failed) {
  world in;
  std::uint16_t closed_port = 0;
  {
    const auto on = listener::open(in.executor(), {});
    closed_port = (*on)->port();
  }
  const auto until = async::deadline::after(10s);
  const auto refused = async::run(in.loop, dial(local_url(closed_port), nullptr, until));
  EXPECT_EQ(to_errc(refused.error()), errc::connection_refused);
  const auto no_tls =
      async::run(in.loop, dial(local_url(closed_port, codec::url_scheme::https), nullptr, until));
  EXPECT_EQ(to_errc(no_tls.error()), errc::invalid_argument);
  const auto at_once = async::deadline::after(-1s);
  const codec::url unreachable{codec::url_scheme::http, "192.0.2.1", 80, "/"};
  const auto late = async::run(in.loop, dial(unreachable, nullptr, at_once));
  EXPECT_TRUE(late.has_error());
}

}  // namespace
}  // namespace tp::net
