#include "async/signals.hpp"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace tp::async {

struct stop_signals::state : std::enable_shared_from_this<stop_signals::state> {
  state(const asio::any_io_executor& executor, std::function<void()> callback)
      : signals(executor, SIGINT, SIGTERM), on_first(std::move(callback)) {}

  void wait() {
    signals.async_wait([self = shared_from_this()](const error_code& error, int) {
      if (error || self->stopped) return;
      if (!self->on_first) std::_Exit(1);
      const auto callback = std::exchange(self->on_first, nullptr);
      self->wait();
      callback();
    });
  }

  asio::signal_set signals;
  std::function<void()> on_first;
  bool stopped = false;
};

stop_signals::stop_signals(const asio::any_io_executor& executor, std::function<void()> on_first)
    : state_(std::make_shared<state>(executor, std::move(on_first))) {
  state_->wait();
}

stop_signals::~stop_signals() {
  state_->stopped = true;
  state_->signals.cancel();
}

}  // namespace tp::async
