#include "node/admission.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "async/run.hpp"
#include "async/task_scope.hpp"

namespace tp::node {
namespace {

using namespace std::chrono_literals;

struct seen {
  std::optional<errc> end;
  std::optional<admission::slot> slot;
};

asio::awaitable<void> enter(admission* gate, async::deadline until, seen* out) {
  auto got = co_await gate->enter(until);
  if (got) {
    out->slot.emplace(std::move(*got));
    out->end = errc::ok;
  } else {
    out->end = to_errc(got.error());
  }
}

class admission_test : public testing::Test {
 protected:
  void turn() {
    loop.restart();
    loop.poll();
  }
  asio::io_context loop;
  admission gate{loop.get_executor(), 1, 1};
  async::task_scope scope{loop.get_executor()};
  seen first, second, third;
};

TEST_F(admission_test, admits_up_to_the_slots_queues_one_and_refuses_the_rest) {
  scope.spawn(enter, &gate, async::deadline::never(), &first);
  scope.spawn(enter, &gate, async::deadline::never(), &second);
  scope.spawn(enter, &gate, async::deadline::never(), &third);
  turn();
  EXPECT_EQ(first.end, errc::ok);
  EXPECT_EQ(second.end, std::nullopt);
  EXPECT_EQ(third.end, errc::node_busy);
  EXPECT_EQ(gate.in_flight(), 1U);
  EXPECT_EQ(gate.queued(), 1U);
  first.slot.reset();
  turn();
  EXPECT_EQ(second.end, errc::ok);
  EXPECT_EQ(gate.in_flight(), 1U);
  EXPECT_EQ(gate.queued(), 0U);
  second.slot.reset();
  EXPECT_EQ(gate.in_flight(), 0U);
}

TEST_F(admission_test, a_wait_ends_at_its_deadline) {
  scope.spawn(enter, &gate, async::deadline::never(), &first);
  scope.spawn(enter, &gate, async::deadline::after(1ms), &second);
  turn();
  loop.restart();
  async::run(loop, scope.join());
  EXPECT_EQ(second.end, errc::node_busy);
  EXPECT_EQ(gate.queued(), 0U);
}

// A wait has passed its deadline but not left the queue: meanwhile the slot falls free and another comes.
TEST_F(admission_test, a_late_wait_does_not_keep_a_free_slot_from_the_next) {
  admission wide(loop.get_executor(), 1, 2);
  scope.spawn(enter, &wide, async::deadline::never(), &first);
  const auto until = async::deadline::after(5ms);
  scope.spawn(enter, &wide, until, &second);
  turn();
  // Both timers pass in one turn of the loop.
  const auto just_after = async::deadline::at(until.when() + 1ns);
  const async::deadline_guard at_the_same_time(loop.get_executor(), just_after, [&] {
    first.slot.reset();
    scope.spawn(enter, &wide, async::deadline::after(10s), &third);
  });
  loop.restart();
  while (third.end == std::nullopt && loop.run_one() > 0) {
  }
  EXPECT_EQ(second.end, errc::node_busy);
  EXPECT_EQ(third.end, errc::ok);
  third.slot.reset();
  async::run(loop, scope.join());
  EXPECT_EQ(wide.in_flight(), 0U);
}

TEST_F(admission_test, a_cancelled_wait_leaves_the_queue_and_loses_no_slot) {
  scope.spawn(enter, &gate, async::deadline::never(), &first);
  turn();
  scope.spawn(enter, &gate, async::deadline::never(), &second);
  turn();
  first.slot.reset();  // hands the slot to the second, which is cancelled before it runs
  scope.cancel();
  async::run(loop, scope.join());
  second.slot.reset();
  EXPECT_EQ(gate.in_flight(), 0U);
  EXPECT_EQ(gate.queued(), 0U);
}

}  // namespace
}  // namespace tp::node
