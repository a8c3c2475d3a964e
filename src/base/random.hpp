// Randomness as the core sees it: injected. crypto/random is the real source; tests use a seeded one.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace tp {

class random_source {
 public:
  virtual ~random_source() = default;
  // Fills the whole span. A real source that cannot deliver ends the process: nothing safe can follow.
  virtual void fill(bytes_span out) = 0;

  std::uint64_t next_u64();
  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
};

// Deterministic, for tests and jitter; not for keys.
class seeded_random final : public random_source {
 public:
  explicit seeded_random(std::uint64_t seed) : state_(seed) {}
  void fill(bytes_span out) override;

 private:
  std::uint64_t state_;
};

}  // namespace tp
