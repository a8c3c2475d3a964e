// A bounded queue of byte blocks between producers and the one task that writes them out.
// Bounded in items and bytes; a full outbox refuses, and the producer stops reading its own source. Loop
// thread only.
#pragma once

#include <cstddef>
#include <deque>

#include "async/event.hpp"
#include "base/bytes.hpp"

namespace tp::async {

class outbox {
 public:
  outbox(const asio::any_io_executor& executor, std::size_t items_max, std::size_t bytes_max);

  // False when full or closed: nothing was taken. One block larger than bytes_max fits when the outbox is
  // empty.
  [[nodiscard]] bool push(bytes block);
  // Room for a block of this size, or closed. Errors: cancelled.
  task<void> wait_room(std::size_t size);

  // Everything ready, up to `bytes_wanted` (at least one block), as one block; empty = closed and drained.
  // Errors: cancelled (nothing is lost).
  task<bytes> pop(std::size_t bytes_wanted);

  // No more blocks; what is queued can still be popped.
  void close();
  bool closed() const { return closed_; }
  std::size_t size_bytes() const { return size_bytes_; }
  std::size_t size_items() const { return blocks_.size(); }

 private:
  bool fits(std::size_t size) const;
  std::size_t items_max_;
  std::size_t bytes_max_;
  std::deque<bytes> blocks_;
  std::size_t size_bytes_ = 0;
  bool closed_ = false;
  event filled_;
  event drained_;
};

}  // namespace tp::async
