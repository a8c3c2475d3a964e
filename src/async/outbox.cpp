#include "async/outbox.hpp"

#include <utility>

namespace tp::async {

outbox::outbox(const asio::any_io_executor& executor, std::size_t items_max, std::size_t bytes_max)
    : items_max_(items_max), bytes_max_(bytes_max), filled_(executor), drained_(executor) {}

bool outbox::fits(std::size_t size) const {
  if (blocks_.empty()) return true;
  return blocks_.size() < items_max_ && size_bytes_ + size <= bytes_max_;
}

bool outbox::push(bytes block) {
  if (closed_ || !fits(block.size())) return false;
  if (block.empty()) return true;
  size_bytes_ += block.size();
  blocks_.push_back(std::move(block));
  filled_.notify();
  return true;
}

task<void> outbox::wait_room(std::size_t size) {
  while (!closed_ && !fits(size)) {
    const result<void> woken = co_await drained_.wait();
    if (woken.has_error()) co_return woken.error();
  }
  co_return success();
}

task<bytes> outbox::pop(std::size_t bytes_wanted) {
  while (blocks_.empty() && !closed_) {
    const result<void> woken = co_await filled_.wait();
    if (woken.has_error()) co_return woken.error();
  }
  if (blocks_.empty()) co_return bytes{};
  bytes out = std::move(blocks_.front());
  blocks_.pop_front();
  while (!blocks_.empty() && out.size() + blocks_.front().size() <= bytes_wanted) {
    append(out, blocks_.front());
    blocks_.pop_front();
  }
  size_bytes_ -= out.size();
  drained_.notify();
  co_return out;
}

void outbox::close() {
  closed_ = true;
  filled_.notify();
  drained_.notify();
}

}  // namespace tp::async
