#include "engine/restart_policy.hpp"

#include <algorithm>

namespace tp::engine {

std::optional<std::chrono::milliseconds> restart_policy::on_exit(std::chrono::milliseconds uptime) {
  if (uptime >= settings_.stable_time) failures_ = 0;
  if (failures_ >= settings_.restarts_max) return std::nullopt;
  std::chrono::milliseconds wait = settings_.backoff_first;
  for (std::size_t i = 0; i < failures_ && wait < settings_.backoff_max; ++i) wait *= 2;
  wait = std::min(wait, settings_.backoff_max);
  ++failures_;
  const auto half = static_cast<std::uint64_t>(wait.count()) / 2;
  return std::chrono::milliseconds(static_cast<std::int64_t>(half + random_.below(half + 1)));
}

}  // namespace tp::engine
