// When a child that ended is started again: back-off with jitter, a bounded number of tries, forgiven after a
// while. Pure; owned by a supervisor.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "base/limits.hpp"
#include "base/random.hpp"

namespace tp::engine {

struct restart_settings {
  std::chrono::milliseconds backoff_first = limits::engine_backoff_first;
  std::chrono::milliseconds backoff_max = limits::engine_backoff_max;
  std::chrono::milliseconds stable_time = limits::engine_stable_time;
  std::size_t restarts_max = limits::engine_restarts_max;
};

class restart_policy {
 public:
  restart_policy(const restart_settings& settings, random_source& random)
      : settings_(settings), random_(random) {}

  // How long to wait before the next try: half to all of the back-off, which doubles. nullopt: give up.
  std::optional<std::chrono::milliseconds> on_exit(std::chrono::milliseconds uptime);
  std::size_t failures() const { return failures_; }

 private:
  restart_settings settings_;
  random_source& random_;
  std::size_t failures_ = 0;  // in a row
};

}  // namespace tp::engine
