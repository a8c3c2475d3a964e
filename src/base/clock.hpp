// Time as the core sees it: injected, never read from the system by a state machine.
// The wall clock is unix time; the steady clock is for deadlines. Tests use manual_clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace tp {

using steady_time = std::chrono::steady_clock::time_point;
using unix_seconds = std::int64_t;

class clock_source {
 public:
  virtual ~clock_source() = default;
  virtual std::int64_t unix_milliseconds() const = 0;
  virtual steady_time steady_now() const = 0;
  unix_seconds unix_now() const { return unix_milliseconds() / 1000; }
};

class system_clock_source final : public clock_source {
 public:
  std::int64_t unix_milliseconds() const override {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  }
  steady_time steady_now() const override { return std::chrono::steady_clock::now(); }
};

class manual_clock final : public clock_source {
 public:
  explicit manual_clock(unix_seconds start = 1'790'000'000) : milliseconds_(start * 1000) {}
  std::int64_t unix_milliseconds() const override { return milliseconds_; }
  steady_time steady_now() const override { return steady_time(std::chrono::milliseconds(milliseconds_)); }
  void advance(std::chrono::milliseconds by) { milliseconds_ += by.count(); }

 private:
  std::int64_t milliseconds_;
};

}  // namespace tp
