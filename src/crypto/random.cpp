#include "crypto/random.hpp"

#include <openssl/rand.h>

#include <algorithm>

#include "base/assert.hpp"

namespace tp::crypto {

void os_random::fill(bytes_span out) {
  constexpr std::size_t step = 1U << 20;  // RAND_bytes counts in int
  while (!out.empty()) {
    const std::size_t part = std::min(out.size(), step);
    const int done = RAND_bytes(out.data(), static_cast<int>(part));
    TP_ASSERT(done == 1);
    out = out.subspan(part);
  }
}

}  // namespace tp::crypto
