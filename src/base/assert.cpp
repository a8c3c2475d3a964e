#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace tp {

void assert_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "token.place bug: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace tp
