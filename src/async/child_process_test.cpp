#include "async/child_process.hpp"

#include <gtest/gtest.h>

#ifdef __linux__

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdlib>

#include "async/event.hpp"
#include "async/run.hpp"

namespace tp::async {
namespace {

using namespace std::chrono_literals;

child_settings shell(std::string script) {
  child_settings settings;
  settings.arguments = {"/bin/sh", "-c", std::move(script)};
  settings.environment = {"PATH=/usr/bin:/bin", "MARK=here"};
  return settings;
}

TEST(child_process, delivers_lines_environment_and_exit_code) {
  asio::io_context loop;
  std::vector<std::string> output;
  std::vector<std::string> errors;
  child_settings settings = shell("echo out $MARK; echo err >&2; printf last; exit 3");
  settings.on_output_line = [&](std::string_view line) { output.emplace_back(line); };
  settings.on_error_line = [&](std::string_view line) { errors.emplace_back(line); };
  auto child = child_process::start(loop.get_executor(), std::move(settings));
  ASSERT_TRUE(child.has_value());
  const result<child_exit> exit = run(loop, (*child)->wait());
  EXPECT_EQ(exit->code, 3);
  EXPECT_FALSE((*child)->running());
  EXPECT_EQ(output, (std::vector<std::string>{"out here", "last"}));
  EXPECT_EQ(errors, std::vector<std::string>{"err"});
}

TEST(child_process, names_what_cannot_be_started) {
  asio::io_context loop;
  child_settings missing;
  missing.arguments = {"/nowhere/program"};
  const auto none = child_process::start(loop.get_executor(), missing);
  EXPECT_EQ(to_errc(none.error()), errc::file_not_found);
  child_settings folder;
  folder.arguments = {"/usr"};
  const auto refused = child_process::start(loop.get_executor(), folder);
  EXPECT_EQ(to_errc(refused.error()), errc::permission_denied);
  const auto empty = child_process::start(loop.get_executor(), {});
  EXPECT_EQ(to_errc(empty.error()), errc::invalid_argument);
}

TEST(child_process, a_long_line_is_cut) {
  asio::io_context loop;
  std::size_t longest = 0;
  child_settings settings = shell("head -c 100000 /dev/zero | tr '\\0' x; echo; echo done");
  int lines = 0;
  settings.on_output_line = [&](std::string_view line) {
    ++lines;
    longest = std::max(longest, line.size());
  };
  auto child = child_process::start(loop.get_executor(), std::move(settings));
  ASSERT_TRUE(child.has_value());
  run(loop, (*child)->wait());
  EXPECT_EQ(lines, 2);
  EXPECT_EQ(longest, 4096U);
}

TEST(child_process, terminate_asks_first_and_kills_after_the_grace) {
  struct row {
    const char* script;
    int code;
    int signal;
  };
  for (const row& want : {row{"trap 'exit 5' TERM; echo ready; sleep 1000 & wait", 5, 0},
                          row{"trap '' TERM; echo ready; while :; do :; done", -1, SIGKILL}}) {
    asio::io_context loop;
    event ready(loop.get_executor());
    child_settings settings = shell(want.script);
    settings.on_output_line = [&](std::string_view) { ready.notify(); };
    auto child = child_process::start(loop.get_executor(), std::move(settings));
    ASSERT_TRUE(child.has_value());
    run(loop, ready.wait());
    const auto grace = want.signal == 0 ? std::chrono::nanoseconds(30s) : std::chrono::nanoseconds(20ms);
    const result<child_exit> exit = run(loop, (*child)->terminate(grace));
    EXPECT_EQ(exit->code, want.code);
    EXPECT_EQ(exit->signal, want.signal);
  }
}

TEST(child_process, inherits_no_descriptor_and_leads_its_group) {
  const int leak = ::open("/dev/null", O_RDONLY);  // on purpose without O_CLOEXEC
  asio::io_context loop;
  std::vector<std::string> output;
  child_settings settings =
      shell("ls /proc/self/fd | grep -v '^[0123]$' | wc -l; cut -d' ' -f5 /proc/$$/stat; echo $$");
  settings.on_output_line = [&](std::string_view line) { output.emplace_back(line); };
  auto child = child_process::start(loop.get_executor(), std::move(settings));
  ASSERT_TRUE(child.has_value());
  run(loop, (*child)->wait());
  ASSERT_EQ(output.size(), 3U);
  EXPECT_EQ(output[0], "0");
  EXPECT_EQ(output[1], output[2]);
  ::close(leak);
}

TEST(child_process, destruction_ends_the_whole_group) {
  asio::io_context loop;
  pid_t grandchild = 0;
  event told(loop.get_executor());
  child_settings settings = shell("sleep 1000 & echo $!; wait");
  settings.on_output_line = [&](std::string_view line) {
    grandchild = std::atoi(std::string(line).c_str());
    told.notify();
  };
  auto child = child_process::start(loop.get_executor(), std::move(settings));
  ASSERT_TRUE(child.has_value());
  const pid_t pid = (*child)->pid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  run(loop, told.wait());
  child->reset();
  EXPECT_EQ(::kill(pid, 0), -1);
  int status = 0;
  EXPECT_EQ(::waitpid(grandchild, &status, 0), grandchild);  // ours by adoption
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

// An intermediate process starts a child and is killed with SIGKILL; the child must end. We adopt it to see
// that.
TEST(child_process, dies_with_its_parent_even_on_sigkill) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t middle = ::fork();
  if (middle == 0) {
    asio::io_context loop;
    child_settings settings;
    settings.arguments = {"/bin/sleep", "1000"};
    auto child = child_process::start(loop.get_executor(), std::move(settings));
    const pid_t pid = child.has_value() ? (*child)->pid() : -1;
    const ssize_t ignored = ::write(ends[1], &pid, sizeof pid);
    static_cast<void>(ignored);
    while (true) ::pause();
  }
  pid_t child = -1;
  ASSERT_EQ(::read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  ASSERT_GT(child, 0);
  EXPECT_EQ(::kill(child, 0), 0);
  ::kill(middle, SIGKILL);
  ASSERT_EQ(::waitpid(middle, nullptr, 0), middle);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0),
            child);  // blocks for ever if the child lives on: the test's time limit
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  ::close(ends[0]);
  ::close(ends[1]);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace
}  // namespace tp::async

#endif
