// Owns running tasks: spawn, cancel, join, then destroy. The only caller of co_spawn in the project.
// A member or local of the task's owner; used on the event loop thread only.
// A scope destroyed with live tasks, and an exception that leaves a task, are bugs: the first aborts, the
// second goes to the handler given at construction, or aborts when there is none. Neither is swallowed.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <functional>
#include <list>
#include <type_traits>
#include <utility>

#include "async/task.hpp"

namespace tp::async {

class task_scope {
 public:
  using bug_handler = std::function<void(std::exception_ptr)>;

  explicit task_scope(asio::any_io_executor executor, bug_handler on_bug = {});
  task_scope(const task_scope&) = delete;
  task_scope& operator=(const task_scope&) = delete;
  ~task_scope();

  // Starts make(arguments...), an asio::awaitable<void>; callable and arguments are kept, by value, until it
  // ends. The task may run up to its first suspension before spawn returns. False, and nothing started, after
  // cancel().
  template <class F, class... Args>
    requires std::is_invocable_r_v<asio::awaitable<void>, F&, Args...>
  bool spawn(F make, Args... arguments) {
    if (cancelled_) return false;
    const auto task = tasks_.emplace(tasks_.end());
    start(task, root(this, task, std::move(make), std::move(arguments)...));
    return true;
  }
  bool spawn(asio::awaitable<void> work);

  // Asks every task to end (see task.hpp) and refuses new ones; a task that has not begun never does. May be
  // called by one of the tasks.
  void cancel();
  bool cancelled() const { return cancelled_; }
  std::size_t live() const { return tasks_.size(); }

  // Completes when no task is live. A task that is cancelled while it joins cancels the scope and goes on
  // waiting, so that cancellation travels down the tree and no scope is left early.
  asio::awaitable<void> join();

 private:
  struct one_task {
    asio::cancellation_signal signal;
    bool begun = false;
  };
  using tasks = std::list<one_task>;
  struct end_handler;

  template <class F, class... Args>
  static asio::awaitable<void> root(task_scope* self, tasks::iterator task, F make, Args... arguments) {
    co_await asio::this_coro::throw_if_cancelled(false);
    task->begun = true;
    if (self->cancelled_) co_return;
    co_await make(std::move(arguments)...);
  }
  static asio::awaitable<void> root_of(task_scope* self, tasks::iterator task, asio::awaitable<void> work);
  void start(tasks::iterator task, asio::awaitable<void> work);
  void on_end(tasks::iterator task, const std::exception_ptr& thrown);

  asio::any_io_executor executor_;
  bug_handler on_bug_;
  tasks tasks_;
  asio::steady_timer idle_;
  bool cancelled_ = false;
};

}  // namespace tp::async
