// Keeps child programs running for `up`: starts them, passes their log lines on with a prefix, restarts one
// that ends by itself (with growing pauses, a bounded number of times), stops them in order. Loop thread. The
// children are this package's own programs, whose output holds nobody's words; nothing else may be run here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/child_process.hpp"
#include "async/event.hpp"
#include "async/task_scope.hpp"
#include "base/clock.hpp"
#include "base/services.hpp"

namespace tp::cli {

using async::task;

struct child_plan {
  std::string name;                    // shown before its lines
  std::vector<std::string> arguments;  // [0] is the program's path
  std::vector<std::string> environment;
};

class supervisor {
 public:
  supervisor(const asio::any_io_executor& executor, services& with);
  supervisor(const supervisor&) = delete;
  supervisor& operator=(const supervisor&) = delete;

  // Started at once, watched from now on. Errors: those of child_process::start.
  result<void> start(child_plan plan);
  // Whether it runs now; false while a restart waits.
  bool running(std::string_view name) const;
  // From now on a child that ends is started again; before, its end is final (something is wrong with its
  // options).
  void expect_service() { is_service_ = true; }
  // Completes when a child has ended for good: its name. Errors: cancelled.
  task<std::string> wait_loss();
  // Ends the watching, then stops the children, last started first, each within `grace`.
  asio::awaitable<void> stop(std::chrono::nanoseconds grace);

 private:
  struct child {
    child_plan plan;
    std::unique_ptr<async::child_process> process;
    std::vector<steady_time> restarts;  // of the last minute
  };
  result<void> launch(child& which);
  asio::awaitable<void> watch(child* which);
  // How long to pause before the next start; negative: too many.
  std::chrono::milliseconds pause_for(child& which) const;

  asio::any_io_executor executor_;
  services& services_;
  std::vector<std::unique_ptr<child>> children_;
  async::task_scope watching_;
  async::event lost_;
  std::string lost_name_;
  bool is_service_ = false;
  bool stopping_ = false;
};

}  // namespace tp::cli
