#include "async/task_scope.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include "base/assert.hpp"

namespace tp::async {

task_scope::task_scope(asio::any_io_executor executor, bug_handler on_bug)
    : executor_(std::move(executor)), on_bug_(std::move(on_bug)), idle_(executor_, asio::steady_timer::time_point::max()) {}

task_scope::~task_scope() { TP_ASSERT(tasks_.empty() && "task_scope destroyed before join"); }

bool task_scope::spawn(asio::awaitable<void> work) {
  if (cancelled_) return false;
  start(root_of(std::move(work)));
  return true;
}

asio::awaitable<void> task_scope::root_of(asio::awaitable<void> work) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(work);
}

void task_scope::start(asio::awaitable<void> work) {
  const auto task = tasks_.emplace(tasks_.end());
  auto ended = [this, task](const std::exception_ptr& thrown) { on_end(task, thrown); };
  asio::co_spawn(executor_, std::move(work), asio::bind_cancellation_slot(task->slot(), std::move(ended)));
}

void task_scope::on_end(signals::iterator task, const std::exception_ptr& thrown) {
  tasks_.erase(task);
  if (tasks_.empty()) idle_.cancel();
  if (!thrown) return;
  TP_ASSERT(on_bug_ && "an exception left a task");
  on_bug_(thrown);
}

void task_scope::cancel() {
  cancelled_ = true;
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    const auto next = std::next(task);
    task->emit(asio::cancellation_type::terminal);
    task = next;
  }
}

asio::awaitable<void> task_scope::join() {
  while (!tasks_.empty()) {
    co_await idle_.async_wait(as_tuple);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (is_cancelled(state) && !cancelled_) cancel();
  }
}

}  // namespace tp::async
