// SIGINT and SIGTERM: the first asks the program to drain, the second ends it at once (exit code 1).
// Made once in main, before anything is served; destroyed last.
#pragma once

#include <functional>
#include <memory>

#include "async/task.hpp"

namespace tp::async {

class stop_signals {
 public:
  stop_signals(const asio::any_io_executor& executor, std::function<void()> on_first);
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;
  ~stop_signals();

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace tp::async
