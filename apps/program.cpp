#include "program.hpp"

#ifdef __linux__
#include <sys/prctl.h>
#endif
#ifndef _WIN32
#include <sys/resource.h>
#endif

#include <csignal>
#include <cstdio>

#include "async/signals.hpp"
#include "async/task_scope.hpp"
#include "config/load.hpp"
#include "crypto/key_file.hpp"

namespace tp::apps {

void harden_process() {
#ifdef __linux__
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
#ifndef _WIN32
  std::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
#endif
}

void complain(std::string_view program, std::string_view text) {
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(program.size()), program.data(),
               static_cast<int>(text.size()), text.data());
}

program::program(std::string_view name, const config::settings& values)
    : name_(name),
      state_dir_(values.path("state-dir")),
      log_(config::chosen_log_level(values), config::chosen_log_format(values), clock_),
      with_{clock_, random_, log_, meters_} {}

result<crypto::ed25519_key> program::identity(std::string_view file) {
  std::error_code failed;
  const bool made = std::filesystem::create_directories(state_dir_, failed);
  if (made && !failed) {
    std::filesystem::permissions(state_dir_, std::filesystem::perms::owner_all, failed);
  }
  if (failed) {
    complain(name_, "cannot use the state folder " + state_dir_.string() + "; name another with --state-dir");
    return errc::permission_denied;
  }
  const std::filesystem::path path = state_dir_ / file;
  auto key = crypto::load_or_create_identity(path, random_);
  if (!key) {
    complain(name_, "cannot use the key file " + path.string() + " (" +
                        std::string(tp::name(to_errc(key.error()))) +
                        "); it must be a regular file that only you can read (chmod 600)");
  }
  return key;
}

void program::serve(asio::awaitable<void> serve, std::function<asio::awaitable<void>()> drain) {
  async::task_scope serving(executor());
  async::task_scope draining(executor());
  const async::stop_signals signals(executor(), [&draining, &drain] { draining.spawn(drain()); });
  serving.spawn(std::move(serve));
  while (serving.live() > 0) loop_.run_one();
  draining.cancel();
  while (draining.live() > 0) loop_.run_one();
}

}  // namespace tp::apps
