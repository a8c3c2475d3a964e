// The operating system's randomness, through OpenSSL's generator. One instance in main, passed in `services`;
// any thread. A generator that cannot deliver ends the process: no key made after that could be trusted.
#pragma once

#include "base/random.hpp"

namespace tp::crypto {

class os_random final : public random_source {
 public:
  void fill(bytes_span out) override;
};

}  // namespace tp::crypto
