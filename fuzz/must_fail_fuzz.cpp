// Has a bug on purpose, so that a rig which finds nothing is noticed.
#include "base/assert.hpp"
#include "base/bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bool is_magic = tp::as_chars({data, size}) == "magic";
  TP_ASSERT(!is_magic);
  return 0;
}
