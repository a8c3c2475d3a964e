// How many calls run at once, and who waits: a fixed number of slots and a bounded queue, first come first
// served. One per node, shared by all doors; event loop thread only. Refuses at once when the queue is full.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <utility>

#include "async/deadline.hpp"
#include "async/event.hpp"
#include "async/task.hpp"

namespace tp::node {

class admission {
 public:
  // `on_change` is told whenever in_flight() or queued() has changed.
  admission(const asio::any_io_executor& executor, std::size_t slots, std::size_t queue_max);

  // Holds a place until it is destroyed.
  class slot {
   public:
    explicit slot(admission* of) : of_(of) {}
    slot(slot&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    slot& operator=(slot&&) = delete;
    ~slot() {
      if (of_ != nullptr) of_->leave();
    }

   private:
    admission* of_;
  };

  // Waits for a slot. Errors: node_busy (the queue is full, or the wait took too long), cancelled. A
  // cancelled wait leaves the queue.
  async::task<slot> enter(async::deadline until);

  std::size_t in_flight() const noexcept { return in_flight_; }
  std::size_t queued() const noexcept { return waiting_.size(); }
  std::size_t capacity() const noexcept { return slots_; }
  void on_change(std::function<void()> callback) { on_change_ = std::move(callback); }

 private:
  struct waiter {
    explicit waiter(const asio::any_io_executor& executor) : turn(executor) {}
    async::event turn;
    bool admitted = false;
    bool late = false;
  };
  void leave();
  void admit_next();
  void changed() const;

  asio::any_io_executor executor_;
  std::size_t slots_;
  std::size_t queue_max_;
  std::size_t in_flight_ = 0;
  std::list<waiter> waiting_;
  std::function<void()> on_change_;
};

}  // namespace tp::node
