// Runs one awaitable to its end on an event loop and returns its value: for main() and tests.
// Blocks the calling thread, which becomes the loop thread meanwhile. Other work of the loop runs too and may
// remain.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>

#include "async/task_scope.hpp"
#include "base/assert.hpp"

namespace tp::async {

template <class T>
T run(asio::io_context& loop, asio::awaitable<T> work) {
  task_scope scope(loop.get_executor());
  std::optional<T> value;
  scope.spawn(
      [](asio::awaitable<T> inner, std::optional<T>* out) -> asio::awaitable<void> {
        T got = co_await std::move(inner);
        out->emplace(std::move(got));
      },
      std::move(work), &value);
  loop.restart();
  while (scope.live() > 0) {
    const std::size_t handlers = loop.run_one();
    TP_ASSERT(handlers > 0);  // a task that nothing can ever wake
  }
  return std::move(*value);
}

inline void run(asio::io_context& loop, asio::awaitable<void> work) {
  task_scope scope(loop.get_executor());
  scope.spawn(std::move(work));
  loop.restart();
  while (scope.live() > 0) {
    const std::size_t handlers = loop.run_one();
    TP_ASSERT(handlers > 0);
  }
}

}  // namespace tp::async
