#include "async/event.hpp"

namespace tp::async {

event::event(const asio::any_io_executor& executor)
    : timer_(executor, asio::steady_timer::time_point::max()) {}

task<void> event::wait() {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (is_cancelled(state)) co_return errc::cancelled;
  if (pending_) {
    pending_ = false;
    co_return success();
  }
  co_await timer_.async_wait(as_tuple);
  if (is_cancelled(state)) co_return errc::cancelled;  // the event may be gone, if its owner went first
  co_return success();
}

void event::notify() {
  if (timer_.cancel() == 0) pending_ = true;
}

}  // namespace tp::async
