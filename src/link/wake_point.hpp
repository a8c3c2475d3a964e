// Where one coroutine waits to be resumed at once: wake() runs it inside the call, without a turn of the
// event loop. That turn is what a timer-based event costs, and the session's writer would pay it for every
// write (HOTPATH rule 2). Owner: the waiting coroutine's owner; one waiter; loop thread. Cancellation ends
// the wait, in a later turn.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "async/task.hpp"
#include "base/assert.hpp"

namespace tp::link {

class wake_point {
 public:
  explicit wake_point(asio::any_io_executor executor) : executor_(std::move(executor)) {}
  wake_point(const wake_point&) = delete;
  wake_point& operator=(const wake_point&) = delete;

  // Completes at the next wake(), or after cancellation.
  auto wait() {
    return asio::async_initiate<const asio::deferred_t, void()>(
        [this](auto handler) { hold(std::move(handler)); }, asio::deferred);
  }
  void wake() {
    if (const auto waiter = std::move(waiter_)) waiter->complete();
  }

 private:
  struct waiter_base {
    virtual ~waiter_base() = default;
    virtual void complete() = 0;
  };
  template <class Handler>
  struct waiter final : waiter_base {
    explicit waiter(Handler h) : handler(std::move(h)) {}
    void complete() override { std::move(handler)(); }
    Handler handler;
  };

  template <class Handler>
  void hold(Handler handler) {
    TP_ASSERT(!waiter_);
    auto slot = asio::get_associated_cancellation_slot(handler);
    waiter_ = std::make_unique<waiter<Handler>>(std::move(handler));
    if (!slot.is_connected()) return;
    slot.assign([this](asio::cancellation_type) {
      if (waiter_) asio::post(executor_, [held = std::move(waiter_)] { held->complete(); });
    });
  }

  asio::any_io_executor executor_;
  std::unique_ptr<waiter_base> waiter_;
};

}  // namespace tp::link
