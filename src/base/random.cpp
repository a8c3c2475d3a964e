#include "base/random.hpp"

#include <cstring>

namespace tp {

std::uint64_t random_source::next_u64() {
  std::uint8_t raw[8];
  fill(raw);
  std::uint64_t value = 0;
  std::memcpy(&value, raw, sizeof value);
  return value;
}

std::uint64_t random_source::below(std::uint64_t bound) {
  const std::uint64_t unbiased_limit = UINT64_MAX - UINT64_MAX % bound;
  for (;;) {  // rejects less than half of all draws, so it ends
    const std::uint64_t value = next_u64();
    if (value < unbiased_limit) return value % bound;
  }
}

void seeded_random::fill(bytes_span out) {
  for (std::uint8_t& byte : out) {  // splitmix64, one byte a step
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    byte = static_cast<std::uint8_t>(z >> 56);
  }
}

}  // namespace tp
