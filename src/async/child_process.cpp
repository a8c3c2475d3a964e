#include "async/child_process.hpp"

#include "async/deadline.hpp"
#include "async/event.hpp"
#include "base/limits.hpp"

#ifdef __linux__

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <optional>

namespace tp::async {

namespace {

class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = other.release();
    }
    return *this;
  }
  ~descriptor() { close(); }
  int fd() const { return fd_; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

struct pipe_ends {
  descriptor read;
  descriptor write;
};

result<pipe_ends> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errc::io_error;
  return pipe_ends{descriptor(ends[0]), descriptor(ends[1])};
}

// What the child needs, made before fork: afterwards only async-signal-safe calls are allowed.
struct launch {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const char* directory = nullptr;
  int input = -1, output = -1, error = -1, report = -1;
  pid_t parent = 0;
};

[[noreturn]] void report_and_exit(const launch& with) {
  const int error = errno;
  const ssize_t ignored = ::write(with.report, &error, sizeof error);
  static_cast<void>(ignored);
  ::_exit(127);
}

[[noreturn]] void run_child(const launch& with) {
  ::setpgid(0, 0);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) report_and_exit(with);
  if (::getppid() != with.parent) ::_exit(127);  // the parent died before the line above
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(with.input, 0) < 0 || ::dup2(with.output, 1) < 0 || ::dup2(with.error, 2) < 0)
    report_and_exit(with);
  ::syscall(SYS_close_range, 3U, ~0U,
            static_cast<unsigned>(CLOSE_RANGE_CLOEXEC));  // ours have it; libraries' may not
  if (with.directory != nullptr && ::chdir(with.directory) != 0) report_and_exit(with);
  ::execve(with.arguments[0], with.arguments.data(), with.environment.data());
  report_and_exit(with);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Reads one pipe and hands out lines; keeps itself alive through its pending wait, ends with the descriptor.
class line_reader : public std::enable_shared_from_this<line_reader> {
 public:
  line_reader(const asio::any_io_executor& executor, int fd, std::function<void(std::string_view)> on_line)
      : pipe_(executor, fd), on_line_(std::move(on_line)) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
  }

  void start() {
    pipe_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const error_code& error) {
                       if (!error && self->drain()) self->start();
                     });
  }

  // False at the end. At most 64 KiB a call, so that a chatty child does not hold the loop.
  bool drain() {
    std::array<char, 4096> buffer;
    for (int round = 0; round < 16 && pipe_.is_open(); ++round) {
      const ssize_t count = ::read(pipe_.native_handle(), buffer.data(), buffer.size());
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      if (count == 0) {
        if (!line_.empty()) deliver();
        return false;
      }
      take({buffer.data(), static_cast<std::size_t>(count)});
    }
    return pipe_.is_open();
  }

  void stop() {
    error_code ignored;
    pipe_.close(ignored);
    on_line_ = nullptr;
  }

 private:
  void take(std::string_view text) {
    for (const char byte : text) {
      if (byte == '\n') {
        deliver();
      } else if (line_.size() < limits::child_line_bytes_max) {
        line_ += byte;
      }
    }
  }
  void deliver() {
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    const std::string line = std::exchange(line_, {});
    if (on_line_) on_line_(line);
  }

  asio::posix::stream_descriptor pipe_;
  std::function<void(std::string_view)> on_line_;
  std::string line_;
};

errc exec_error(int error) {
  if (error == ENOENT || error == ENOTDIR) return errc::file_not_found;
  if (error == EACCES || error == EPERM || error == ENOEXEC) return errc::permission_denied;
  return errc::io_error;
}

}  // namespace

struct child_process::state : std::enable_shared_from_this<child_process::state> {
  state(const asio::any_io_executor& executor, pid_t started, int pidfd)
      : pid(started), handle(executor, pidfd), ended(executor) {}

  void watch() {
    handle.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](const error_code& error) {
                        if (!error) self->reap(WNOHANG);
                      });
  }

  void signal_group(int signal) const {
    if (!exit) ::kill(-pid, signal);
  }

  // The group is killed before the leader is reaped: until then its number cannot belong to anybody else.
  void reap(int options) {
    if (exit) return;
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT | options) != 0) return;
    if (info.si_pid == 0) return watch();
    ::kill(-pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (output) output->drain();
    if (error) error->drain();
    exit.emplace();
    if (WIFEXITED(status)) exit->code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) exit->signal = WTERMSIG(status);
    ended.notify();
  }

  pid_t pid;
  asio::posix::stream_descriptor handle;
  std::shared_ptr<line_reader> output;
  std::shared_ptr<line_reader> error;
  std::optional<child_exit> exit;
  event ended;
};

child_process::child_process(std::shared_ptr<state> made) : state_(std::move(made)) {}

child_process::~child_process() {
  if (state_->output) state_->output->stop();
  if (state_->error) state_->error->stop();
  state_->signal_group(SIGKILL);
  state_->reap(0);
  error_code ignored;
  state_->handle.close(ignored);
}

result<std::unique_ptr<child_process>> child_process::start(const asio::any_io_executor& executor,
                                                            child_settings settings) {
  if (settings.arguments.empty()) return errc::invalid_argument;
  auto report = make_pipe();
  auto output = make_pipe();
  auto error = make_pipe();
  descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (report.has_error() || output.has_error() || error.has_error() || null.fd() < 0) return errc::io_error;

  launch with;
  with.arguments = pointers(settings.arguments);
  with.environment = pointers(settings.environment);
  with.directory = settings.directory.empty() ? nullptr : settings.directory.c_str();
  with.input = null.fd();
  with.output = settings.on_output_line ? output->write.fd() : null.fd();
  with.error = settings.on_error_line ? error->write.fd() : null.fd();
  with.report = report->write.fd();
  with.parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) run_child(with);
  if (pid < 0) return errc::io_error;

  report->write.close();
  int exec_errno = 0;
  ssize_t told = -1;
  do told = ::read(report->read.fd(), &exec_errno, sizeof exec_errno);
  while (told < 0 && errno == EINTR);
  descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (told != 0 || pidfd.fd() < 0) {
    if (told == 0) ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return told == 0 ? errc::io_error : exec_error(exec_errno);
  }
  auto made = std::make_shared<state>(executor, pid, pidfd.release());
  if (settings.on_output_line) {
    made->output =
        std::make_shared<line_reader>(executor, output->read.release(), std::move(settings.on_output_line));
    made->output->start();
  }
  if (settings.on_error_line) {
    made->error =
        std::make_shared<line_reader>(executor, error->read.release(), std::move(settings.on_error_line));
    made->error->start();
  }
  made->watch();
  return std::unique_ptr<child_process>(new child_process(std::move(made)));
}

pid_t child_process::pid() const { return state_->pid; }

bool child_process::running() const { return !state_->exit; }

task<child_exit> child_process::wait() {
  const auto held = state_;
  while (!held->exit) {
    const result<void> woken = co_await held->ended.wait();
    if (woken.has_error()) co_return woken.error();
  }
  co_return *held->exit;
}

task<child_exit> child_process::terminate(std::chrono::nanoseconds grace) {
  const auto held = state_;
  held->signal_group(SIGTERM);
  auto kill_all = [held] { held->signal_group(SIGKILL); };
  deadline_guard guard(held->handle.get_executor(), deadline::after(grace), std::move(kill_all));
  const result<child_exit> exit = co_await wait();
  co_return exit;
}

}  // namespace tp::async

#else

namespace tp::async {

struct child_process::state {};

child_process::child_process(std::shared_ptr<state> made) : state_(std::move(made)) {}
child_process::~child_process() = default;
result<std::unique_ptr<child_process>> child_process::start(const asio::any_io_executor&, child_settings) {
  return errc::internal;
}
pid_t child_process::pid() const { return 0; }
bool child_process::running() const { return false; }
task<child_exit> child_process::wait() { co_return errc::internal; }
task<child_exit> child_process::terminate(std::chrono::nanoseconds) { co_return errc::internal; }

}  // namespace tp::async

#endif
