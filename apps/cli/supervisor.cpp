#include "cli/supervisor.hpp"

#include <algorithm>
#include <cstdio>

#include "async/deadline.hpp"
#include "base/limits.hpp"
#include "cli/context.hpp"

namespace tp::cli {

supervisor::supervisor(const asio::any_io_executor& executor, services& with)
    : executor_(executor), services_(with), watching_(executor), lost_(executor) {}

result<void> supervisor::launch(child& which) {
  async::child_settings settings;
  settings.arguments = which.plan.arguments;
  settings.environment = which.plan.environment;
  const std::string prefix =
      which.plan.name + std::string(8 - std::min<std::size_t>(which.plan.name.size(), 7), ' ');
  const auto pass_on = [prefix](std::string_view line) {
    std::fprintf(stderr, "%s| %.*s\n", prefix.c_str(), static_cast<int>(line.size()), line.data());
  };
  settings.on_error_line = pass_on;
  settings.on_output_line = pass_on;
  result<std::unique_ptr<async::child_process>> started =
      async::child_process::start(executor_, std::move(settings));
  if (started.has_error()) return started.error();
  which.process = std::move(*started);
  return {};
}

result<void> supervisor::start(child_plan plan) {
  auto made = std::make_unique<child>();
  made->plan = std::move(plan);
  const result<void> launched = launch(*made);
  if (launched.has_error()) return launched;
  children_.push_back(std::move(made));
  watching_.spawn(watch(children_.back().get()));
  return {};
}

bool supervisor::running(std::string_view name) const {
  return std::any_of(children_.begin(), children_.end(), [&](const std::unique_ptr<child>& each) {
    return each->plan.name == name && each->process != nullptr && each->process->running();
  });
}

std::chrono::milliseconds supervisor::pause_for(child& which) const {
  const steady_time now = services_.clock.steady_now();
  std::erase_if(which.restarts, [&](steady_time when) { return now - when > limits::restart_window; });
  if (which.restarts.size() >= limits::restarts_max) return std::chrono::milliseconds(-1);
  const auto doublings = static_cast<unsigned>(which.restarts.size());
  which.restarts.push_back(now);
  return limits::restart_pause_first * (1U << doublings);
}

asio::awaitable<void> supervisor::watch(child* which) {
  for (;;) {
    const result<async::child_exit> end = co_await which->process->wait();
    if (end.has_error() || stopping_) co_return;
    const std::string how =
        end->signal != 0 ? "signal " + std::to_string(end->signal) : "exit code " + std::to_string(end->code);
    const std::chrono::milliseconds pause = is_service_ ? pause_for(*which) : std::chrono::milliseconds(-1);
    if (pause.count() < 0) {
      complain(which->plan.name + " ended (" + how + ")");
      lost_name_ = which->plan.name;
      lost_.notify();
      co_return;
    }
    complain(which->plan.name + " ended (" + how + "); starting it again");
    const result<void> slept = co_await async::sleep_for(pause);
    if (slept.has_error() || stopping_) co_return;
    const result<void> launched = launch(*which);
    if (launched.has_error()) {
      lost_name_ = which->plan.name;
      lost_.notify();
      co_return;
    }
  }
}

task<std::string> supervisor::wait_loss() {
  while (lost_name_.empty()) {
    const result<void> woken = co_await lost_.wait();
    if (woken.has_error()) co_return woken.error();
  }
  co_return lost_name_;
}

asio::awaitable<void> supervisor::stop(std::chrono::nanoseconds grace) {
  stopping_ = true;
  watching_.cancel();
  co_await watching_.join();
  for (auto each = children_.rbegin(); each != children_.rend(); ++each) {
    if (!(*each)->process->running()) continue;
    const result<async::child_exit> end = co_await (*each)->process->terminate(grace);
    if (end.has_error()) services_.log.warning("child_not_stopped", field("reason", end.error()));
  }
}

}  // namespace tp::cli
