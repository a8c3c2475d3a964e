// A deadline is a point in time made once at the edge and passed down; a deadline_guard acts when it passes.
// Time is that of the event loop (std::chrono::steady_clock), because the loop's timers run on it: a test
// shortens the configured time instead of moving a clock. Never stack time-outs: take the earlier of two
// deadlines.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "async/task.hpp"
#include "base/clock.hpp"

namespace tp::async {

class deadline {
 public:
  static deadline never() { return deadline(steady_time::max()); }
  static deadline at(steady_time when) { return deadline(when); }
  static deadline after(std::chrono::nanoseconds duration) {
    return after(std::chrono::steady_clock::now(), duration);
  }
  static deadline after(steady_time now, std::chrono::nanoseconds duration) {
    if (duration >= steady_time::max() - now) return never();
    return deadline(now + std::chrono::duration_cast<steady_time::duration>(duration));
  }

  bool is_never() const { return when_ == steady_time::max(); }
  bool passed() const { return !is_never() && std::chrono::steady_clock::now() >= when_; }
  steady_time when() const { return when_; }
  deadline earlier(deadline other) const { return when_ <= other.when_ ? *this : other; }

 private:
  explicit deadline(steady_time when) : when_(when) {}
  steady_time when_;
};

// Calls on_expire once, from the loop, when the deadline passes; not after its own destruction. Typical use:
// reset the stream that the guarded operations run on, then let outcome() name the reason.
class deadline_guard {
 public:
  deadline_guard(const asio::any_io_executor& executor, deadline when, std::function<void()> on_expire);
  deadline_guard(const deadline_guard&) = delete;
  deadline_guard& operator=(const deadline_guard&) = delete;
  ~deadline_guard();

  bool expired() const;

  // What to report: a failure that the expiry caused becomes deadline_exceeded; success stays success.
  template <class T>
  result<T> outcome(result<T> from) const {
    if (from.has_error() && expired()) return errc::deadline_exceeded;
    return from;
  }

 private:
  struct state;
  std::shared_ptr<state> state_;
};

// Waits. Errors: cancelled.
task<void> sleep_until(deadline when);
task<void> sleep_for(std::chrono::nanoseconds duration);

}  // namespace tp::async
