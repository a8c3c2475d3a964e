#include "async/deadline.hpp"

namespace tp::async {

struct deadline_guard::state {
  state(const asio::any_io_executor& executor, deadline when, std::function<void()> callback)
      : timer(executor, when.when()), on_expire(std::move(callback)) {}
  asio::steady_timer timer;
  std::function<void()> on_expire;
  bool expired = false;
};

deadline_guard::deadline_guard(const asio::any_io_executor& executor, deadline when,
                               std::function<void()> on_expire) {
  if (when.is_never()) return;
  state_ = std::make_shared<state>(executor, when, std::move(on_expire));
  state_->timer.async_wait([held = state_](const error_code& error) {
    if (error || !held->on_expire) return;
    held->expired = true;
    const auto callback = std::move(held->on_expire);
    callback();
  });
}

deadline_guard::~deadline_guard() {
  if (!state_) return;
  state_->on_expire = nullptr;  // a handler already queued finds nothing to call
  state_->timer.cancel();
}

bool deadline_guard::expired() const { return state_ && state_->expired; }

task<void> sleep_until(deadline when) {
  const auto executor = co_await asio::this_coro::executor;
  const auto state = co_await asio::this_coro::cancellation_state;
  if (is_cancelled(state)) co_return errc::cancelled;
  asio::steady_timer timer(executor, when.when());
  co_await timer.async_wait(as_tuple);
  if (is_cancelled(state)) co_return errc::cancelled;
  co_return success();
}

task<void> sleep_for(std::chrono::nanoseconds duration) { return sleep_until(deadline::after(duration)); }

}  // namespace tp::async
