// "Something changed, look again": how one task wakes another on the same loop.
// notify() wakes every waiter; with none it is remembered and the next wait() returns at once. Wake-ups may
// be spurious: check the condition in a loop that leaves on error. Must outlive its waiters.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "async/task.hpp"

namespace tp::async {

class event {
 public:
  explicit event(const asio::any_io_executor& executor);
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  // Errors: cancelled.
  task<void> wait();
  void notify();

 private:
  asio::steady_timer timer_;
  bool pending_ = false;
};

}  // namespace tp::async
