// A child process that cannot outlive us: own process group, killed with SIGKILL when this process ends in
// whatever way, and when this object is destroyed. Owned by its supervisor; loop thread only. The kernel ties
// "dies with its parent" to the parent's *thread*: start children from the event loop thread, which in our
// programs is the main thread. Inherits no descriptor but its standard ones (input is /dev/null), no signal
// mask, and only the environment given. Linux; elsewhere start() fails with internal.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.hpp"

namespace tp::async {

struct child_settings {
  std::vector<std::string> arguments;    // [0] is the program's path; PATH is not searched
  std::vector<std::string> environment;  // "NAME=value", the whole of it
  std::string directory;                 // empty: ours
  // Each line without its end, from the loop, cut at limits::child_line_bytes_max; valid during the call.
  // Without a function the output goes to /dev/null. What a child prints may hold somebody's words: never log
  // it as it is.
  std::function<void(std::string_view)> on_output_line;
  std::function<void(std::string_view)> on_error_line;
};

struct child_exit {
  int code = -1;   // exit code, or -1 when a signal ended it
  int signal = 0;  // that signal, or 0
};

class child_process {
 public:
  // Errors: file_not_found, permission_denied, invalid_argument (no program), io_error.
  static result<std::unique_ptr<child_process>> start(const asio::any_io_executor& executor,
                                                      child_settings settings);
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  // Kills what still runs, and waits for it: milliseconds.
  ~child_process();

  pid_t pid() const;
  bool running() const;

  // Until it has ended and its last lines were delivered. Errors: cancelled (it goes on running).
  task<child_exit> wait();
  // SIGTERM, and SIGKILL to the whole group after `grace`. Errors: cancelled (then SIGKILL was not sent yet).
  task<child_exit> terminate(std::chrono::nanoseconds grace);

 private:
  struct state;
  explicit child_process(std::shared_ptr<state> made);
  std::shared_ptr<state> state_;
};

}  // namespace tp::async
