// Base58 is a bijection between texts and byte strings, within the bounds.
#include "codec/base58.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const bytes_view input(data, size);
  if (const auto decoded = codec::base58_decode(as_chars(input))) {
    const auto again = codec::base58_encode(*decoded);
    TP_ASSERT(again && *again == as_chars(input));
  }
  const auto text = codec::base58_encode(input);
  TP_ASSERT(text.has_value() == (size <= limits::base58_bytes_max));
  if (text) {
    const auto back = codec::base58_decode(*text);
    TP_ASSERT(back && *back == to_bytes(input));
  }
  return 0;
}
