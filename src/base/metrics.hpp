// Counters, gauges and histograms, printed in the Prometheus text format (version 0.0.4).
// Names and labels are literals chosen by us, never input, so a metric cannot carry a word or grow without
// bound. Register everything at start-up: a metric then exists at zero. Increments are relaxed atomics: any
// thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "base/log.hpp"

namespace tp {

class counter {
 public:
  void add(std::uint64_t by = 1) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class gauge {
 public:
  void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t by) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Durations in fixed buckets from 1 ms to 60 s.
class histogram {
 public:
  static constexpr std::array<double, 12> bounds_seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                         0.1,   0.5,    1.0,   5.0,  15.0,  60.0};
  void observe(std::chrono::nanoseconds duration) noexcept;

 private:
  friend class metrics;
  std::array<std::atomic<std::uint64_t>, bounds_seconds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> sum_ns_{0};
};

class metrics {
 public:
  metrics() = default;
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  // The same name with other labels is the same family. `labels` is e.g. "reason=\"node_gone\"", or empty.
  // References stay valid for the life of the registry.
  counter& make_counter(literal name, literal help, literal labels = "");
  gauge& make_gauge(literal name, literal help, literal labels = "");
  histogram& make_histogram(literal name, literal help, literal labels = "");

  // A value read when the text is made; `read` must stay callable as long as the registry.
  void make_probe(literal name, literal help, std::function<std::int64_t()> read);

  std::string prometheus_text() const;

 private:
  enum class kind { counter, gauge, histogram, probe };
  struct entry {
    kind type;
    std::string_view name, help, labels;
    const void* metric;
    std::function<std::int64_t()> read;
  };
  void write_histogram(std::string& out, const entry& e) const;

  std::deque<counter> counters_;
  std::deque<gauge> gauges_;
  std::deque<histogram> histograms_;
  std::deque<entry> entries_;
};

}  // namespace tp
