#include "async/task_scope.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "async/deadline.hpp"
#include "async/event.hpp"
#include "async/outbox.hpp"
#include "async/run.hpp"

namespace tp::async {
namespace {

using namespace std::chrono_literals;

struct alive {
  explicit alive(int* counter) : counter_(counter) { ++*counter_; }
  alive(const alive&) = delete;
  alive& operator=(const alive&) = delete;
  ~alive() { --*counter_; }
  int* counter_;
};

asio::awaitable<void> sleep_long(int* living) {
  const alive here(living);
  const result<void> slept = co_await sleep_for(1h);
  EXPECT_EQ(to_errc(slept.error()), errc::cancelled);
}

TEST(task_scope, cancel_ends_every_task_and_join_waits_for_them) {
  asio::io_context loop;
  int living = 0;
  run(loop, [](int* count) -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    task_scope scope(executor);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(scope.spawn(sleep_long, count));
    EXPECT_EQ(*count, 3);
    scope.cancel();
    EXPECT_FALSE(scope.spawn(sleep_long, count));
    co_await scope.join();
    EXPECT_EQ(scope.live(), 0U);
    EXPECT_EQ(*count, 0);
  }(&living));
}

asio::awaitable<void> parent(int* living, bool* joined) {
  const auto executor = co_await asio::this_coro::executor;
  task_scope children(executor);
  children.spawn(sleep_long, living);
  children.spawn(sleep_long, living);
  co_await children.join();
  *joined = true;
}

TEST(task_scope, cancellation_of_a_joining_task_travels_down_the_tree) {
  asio::io_context loop;
  int living = 0;
  bool joined = false;
  run(loop, [](int* count, bool* flag) -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    task_scope scope(executor);
    scope.spawn(parent, count, flag);
    scope.cancel();
    co_await scope.join();
    EXPECT_TRUE(*flag);
    EXPECT_EQ(*count, 0);
  }(&living, &joined));
}

TEST(task_scope, cancellation_is_a_value_for_every_later_operation) {
  asio::io_context loop;
  int seen = 0;
  run(loop, [](int* count) -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    task_scope scope(executor);
    scope.spawn(
        [](int* out) -> asio::awaitable<void> {
          const auto here = co_await asio::this_coro::executor;
          event never(here);
          outbox queue(here, 1, 10);
          const result<void> slept = co_await sleep_for(1h);
          const result<void> waited = co_await never.wait();
          const result<bytes> popped = co_await queue.pop(10);
          *out += slept.has_error() + waited.has_error() + popped.has_error();
        },
        count);
    scope.cancel();
    co_await scope.join();
  }(&seen));
  EXPECT_EQ(seen, 3);
}

TEST(task_scope, may_be_cancelled_between_two_turns_of_the_loop) {
  asio::io_context loop;
  for (int turns = 0; turns < 5; ++turns) {
    task_scope scope(loop.get_executor());
    scope.spawn([]() -> asio::awaitable<void> {
      for (int i = 0; i < 3; ++i) co_await sleep_for(0ns);
    });
    loop.restart();
    for (int i = 0; i < turns; ++i) loop.run_one();
    scope.cancel();
    run(loop, scope.join());
  }
  loop.restart();
  loop.run();
}

TEST(task_scope, an_exception_reaches_the_bug_handler) {
  asio::io_context loop;
  std::string what;
  auto note = [&what](const std::exception_ptr& thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      what = e.what();
    }
  };
  task_scope scope(loop.get_executor(), note);
  scope.spawn([]() -> asio::awaitable<void> {
    throw std::runtime_error("boom");
    co_return;
  });
  loop.run();
  EXPECT_EQ(what, "boom");
}

TEST(task_scope_death, an_exception_without_a_handler_aborts) {
  auto body = [] {
    asio::io_context loop;
    task_scope scope(loop.get_executor());
    scope.spawn([]() -> asio::awaitable<void> {
      throw std::runtime_error("boom");
      co_return;
    });
    loop.run();
  };
  EXPECT_DEATH(body(), "an exception left a task");
}

TEST(task_scope_death, destroying_live_tasks_aborts) {
  auto body = [] {
    asio::io_context loop;
    task_scope scope(loop.get_executor());
    int living = 0;
    scope.spawn(sleep_long, &living);
  };
  EXPECT_DEATH(body(), "before join");
}

TEST(event, a_notification_without_waiters_is_remembered_once) {
  asio::io_context loop;
  run(loop, []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    event changed(executor);
    changed.notify();
    changed.notify();
    const result<void> first = co_await changed.wait();
    EXPECT_TRUE(first.has_value());
    task_scope scope(executor);
    int woken = 0;
    auto wait = [](event* on, int* out) -> asio::awaitable<void> {
      const result<void> got = co_await on->wait();
      if (got.has_value()) ++*out;
    };
    scope.spawn(wait, &changed, &woken);
    scope.spawn(wait, &changed, &woken);
    EXPECT_EQ(woken, 0);
    changed.notify();
    co_await scope.join();
    EXPECT_EQ(woken, 2);
  }());
}

TEST(event, a_cancelled_waiter_does_not_swallow_the_next_notification) {
  asio::io_context loop;
  run(loop, []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    event changed(executor);
    task_scope scope(executor);
    scope.spawn([](event* on) -> asio::awaitable<void> { co_await on->wait(); }, &changed);
    scope.cancel();
    co_await scope.join();
    changed.notify();
    const result<void> got = co_await changed.wait();
    EXPECT_TRUE(got.has_value());
  }());
}

TEST(deadline, the_earlier_of_two_and_the_end_of_time) {
  const steady_time now{1'000s};
  const deadline soon = deadline::after(now, 1s);
  EXPECT_EQ(soon.earlier(deadline::never()).when(), now + 1s);
  EXPECT_EQ(deadline::never().earlier(soon).when(), now + 1s);
  EXPECT_TRUE(deadline::after(now, std::chrono::nanoseconds::max()).is_never());
  EXPECT_FALSE(deadline::never().passed());
  EXPECT_TRUE(deadline::after(-1s).passed());
}

TEST(deadline_guard, expiry_calls_once_and_names_the_reason) {
  asio::io_context loop;
  run(loop, []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    event expired(executor);
    auto note = [&expired] { expired.notify(); };
    deadline_guard guard(executor, deadline::after(1ms), note);
    co_await expired.wait();
    EXPECT_TRUE(guard.expired());
    const result<void> failed = guard.outcome(result<void>(errc::connection_reset));
    EXPECT_EQ(to_errc(failed.error()), errc::deadline_exceeded);
    EXPECT_TRUE(guard.outcome(success()).has_value());
  }());
}

TEST(deadline_guard, a_destroyed_guard_does_not_call) {
  asio::io_context loop;
  int calls = 0;
  {
    const deadline_guard guard(loop.get_executor(), deadline::after(-1s), [&calls] { ++calls; });
  }
  loop.run();
  EXPECT_EQ(calls, 0);
}

TEST(outbox, refuses_above_its_bounds_and_merges_what_is_ready) {
  asio::io_context loop;
  run(loop, []() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    outbox queue(executor, 3, 10);
    EXPECT_TRUE(queue.push(to_bytes("1234")));
    EXPECT_TRUE(queue.push(to_bytes("567")));
    EXPECT_FALSE(queue.push(to_bytes("89ab")));  // bytes
    EXPECT_TRUE(queue.push(to_bytes("8")));
    EXPECT_FALSE(queue.push(to_bytes("9")));  // items
    const result<bytes> first = co_await queue.pop(7);
    EXPECT_EQ(first.value(), to_bytes("1234567"));
    EXPECT_EQ(queue.size_bytes(), 1U);
    const result<void> room = co_await queue.wait_room(9);
    EXPECT_TRUE(room.has_value());
    queue.close();
    EXPECT_FALSE(queue.push(to_bytes("x")));
    const result<bytes> last = co_await queue.pop(1);
    EXPECT_EQ(last.value(), to_bytes("8"));
    const result<bytes> end = co_await queue.pop(1);
    EXPECT_TRUE(end.value().empty());
  }());
}

}  // namespace
}  // namespace tp::async
