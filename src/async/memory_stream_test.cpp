#include "async/memory_stream.hpp"

#include <gtest/gtest.h>

#include "async/event.hpp"
#include "async/run.hpp"

namespace tp::async {
namespace {

task<bytes> read_to_end(byte_stream* from) {
  bytes all;
  bytes piece(64);
  while (true) {
    const result<std::size_t> got = co_await from->read_some(piece);
    if (got.has_error()) co_return got.error();
    if (*got == 0) co_return all;
    append(all, bytes_view(piece).first(*got));
  }
}

asio::awaitable<void> write_and_close(byte_stream* to, bytes data, errc* outcome) {
  const result<void> written = co_await to->write(data);
  *outcome = to_errc(written.error());
  if (written.has_value()) co_await to->close_write();
}

TEST(memory_stream, a_small_capacity_and_split_reads_lose_nothing) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    asio::io_context loop;
    memory_stream_settings settings;
    settings.capacity_bytes = 7;
    settings.split_seed = seed;
    auto pair = make_memory_streams(loop.get_executor(), settings);
    errc wrote = errc::internal;
    task_scope scope(loop.get_executor());
    scope.spawn(write_and_close, pair.first.get(), bytes(1000, 'x'), &wrote);
    const result<bytes> got = run(loop, read_to_end(pair.second.get()));
    loop.run();
    EXPECT_EQ(got.value(), bytes(1000, 'x')) << "seed " << seed;
    EXPECT_EQ(wrote, errc::ok);
  }
}

TEST(memory_stream, a_cut_delivers_the_bytes_before_it_and_resets_both_ways) {
  asio::io_context loop;
  memory_stream_settings settings;
  settings.cut_after = 5;
  auto pair = make_memory_streams(loop.get_executor(), settings);
  errc wrote = errc::internal;
  run(loop, write_and_close(pair.first.get(), to_bytes("123456789"), &wrote));
  EXPECT_EQ(wrote, errc::connection_reset);
  bytes piece(64);
  const result<std::size_t> got = run(loop, pair.second->read_some(piece));
  EXPECT_EQ(got.value(), 5U);
  const result<std::size_t> then = run(loop, pair.second->read_some(piece));
  EXPECT_EQ(to_errc(then.error()), errc::connection_reset);
  const result<void> back = run(loop, pair.second->write(piece));
  EXPECT_EQ(to_errc(back.error()), errc::connection_reset);
}

TEST(memory_stream, manual_delivery_lets_through_what_is_pumped) {
  asio::io_context loop;
  memory_stream_settings settings;
  settings.mode = delivery::manual;
  auto pair = make_memory_streams(loop.get_executor(), settings);
  errc wrote = errc::internal;
  run(loop, write_and_close(pair.first.get(), to_bytes("abcdef"), &wrote));
  bytes piece(64);
  EXPECT_EQ(pair.first->pump(2), 2U);
  const result<std::size_t> two = run(loop, pair.second->read_some(piece));
  EXPECT_EQ(two.value(), 2U);
  EXPECT_EQ(pair.first->pump(), 4U);
  const result<bytes> rest = run(loop, read_to_end(pair.second.get()));
  EXPECT_EQ(rest.value(), to_bytes("cdef"));
}

TEST(memory_stream, a_stall_is_silent_and_a_full_pipe_makes_the_writer_wait) {
  asio::io_context loop;
  memory_stream_settings settings;
  settings.stall_after = 3;
  settings.capacity_bytes = 10;
  auto pair = make_memory_streams(loop.get_executor(), settings);
  errc wrote = errc::internal;
  task_scope scope(loop.get_executor());
  scope.spawn(write_and_close, pair.first.get(), bytes(100, 'x'), &wrote);
  bytes piece(64);
  const result<std::size_t> got = run(loop, pair.second->read_some(piece));
  EXPECT_EQ(got.value(), 3U);
  loop.poll();
  EXPECT_EQ(scope.live(), 1U);
  EXPECT_EQ(pair.first->written(), 13U);
  scope.cancel();
  run(loop, scope.join());
  EXPECT_EQ(wrote, errc::cancelled);
}

TEST(memory_stream, the_other_end_learns_of_a_reset_and_of_destruction) {
  enum class how { reset, destroy, destroy_after_close };
  for (const how way : {how::reset, how::destroy, how::destroy_after_close}) {
    asio::io_context loop;
    auto pair = make_memory_streams(loop.get_executor());
    int told = 0;
    pair.second->on_peer_gone([&told] { ++told; });
    if (way == how::destroy_after_close) run(loop, pair.first->close_write());
    loop.poll();
    EXPECT_EQ(told, 0);
    if (way == how::reset) pair.first->reset();
    if (way != how::reset) pair.first.reset();
    loop.restart();
    loop.run();
    EXPECT_EQ(told, 1);
    bytes piece(8);
    const result<std::size_t> got = run(loop, pair.second->read_some(piece));
    if (way == how::destroy_after_close) {
      EXPECT_EQ(got.value(), 0U);
    } else {
      EXPECT_EQ(to_errc(got.error()), errc::connection_reset);
    }
  }
}

}  // namespace
}  // namespace tp::async
