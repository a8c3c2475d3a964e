#include "async/task_scope.hpp"

#include <boost/asio/co_spawn.hpp>

#include "base/assert.hpp"

namespace tp::async {

task_scope::task_scope(asio::any_io_executor executor, bug_handler on_bug)
    : executor_(std::move(executor)),
      on_bug_(std::move(on_bug)),
      idle_(executor_, asio::steady_timer::time_point::max()) {}

task_scope::~task_scope() { TP_ASSERT(tasks_.empty() && "task_scope destroyed before join"); }

bool task_scope::spawn(asio::awaitable<void> work) {
  if (cancelled_) return false;
  const auto task = tasks_.emplace(tasks_.end());
  start(task, root_of(this, task, std::move(work)));
  return true;
}

asio::awaitable<void> task_scope::root_of(task_scope* self, tasks::iterator task,
                                          asio::awaitable<void> work) {
  co_await asio::this_coro::throw_if_cancelled(false);
  task->begun = true;
  if (self->cancelled_) co_return;
  co_await std::move(work);
}

// Not bind_cancellation_slot: with it Asio posts a cancellation that comes from outside the loop's turn,
// holding a raw pointer to a signal that may be gone when the turn comes. A handler without an executor is
// told at once.
struct task_scope::end_handler {
  using cancellation_slot_type = asio::cancellation_slot;
  task_scope* scope;
  tasks::iterator task;
  cancellation_slot_type get_cancellation_slot() const noexcept { return task->signal.slot(); }
  void operator()(const std::exception_ptr& thrown) const { scope->on_end(task, thrown); }
};

void task_scope::start(tasks::iterator task, asio::awaitable<void> work) {
  asio::co_spawn(executor_, std::move(work), end_handler{this, task});
}

void task_scope::on_end(tasks::iterator task, const std::exception_ptr& thrown) {
  tasks_.erase(task);
  if (tasks_.empty()) idle_.cancel();
  if (!thrown) return;
  TP_ASSERT(on_bug_ && "an exception left a task");
  on_bug_(thrown);
}

// A task that has not begun must not be told: co_spawn of Boost 1.81 would let an exception out of the loop.
// It finds cancelled_ when it begins, and ends.
void task_scope::cancel() {
  cancelled_ = true;
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    const auto next = std::next(task);
    if (task->begun) task->signal.emit(asio::cancellation_type::terminal);
    task = next;
  }
}

asio::awaitable<void> task_scope::join() {
  while (!tasks_.empty()) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (is_cancelled(state) && !cancelled_) {  // perhaps long before it came here: it must not wait first
      cancel();
      continue;
    }
    co_await idle_.async_wait(as_tuple);
  }
}

}  // namespace tp::async
