#include "relay/v1_waits.hpp"

namespace tp::relay {

bool v1_waits::has_room(std::string_view key) const {
  return waiting_.size() < total_max_ && waiting_.count(key) < per_key_max_;
}

v1_waits::place::place(v1_waits& room, const std::string& key, const asio::any_io_executor& executor)
    : room_(room), woken_(executor), at_(room.waiting_.emplace(key, &woken_)) {}

v1_waits::place::~place() { room_.waiting_.erase(at_); }

async::task<void> v1_waits::place::wait(async::deadline until) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const async::deadline_guard guard(executor, until, [this] { woken_.notify(); });
  co_return co_await woken_.wait();
}

void v1_waits::wake(std::string_view key) {
  const auto [first, last] = waiting_.equal_range(key);
  for (auto at = first; at != last; ++at) at->second->notify();
}

void v1_waits::wake_all() {
  for (const auto& [key, waiting] : waiting_) waiting->notify();
}

}  // namespace tp::relay
