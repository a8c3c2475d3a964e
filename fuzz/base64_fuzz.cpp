// Canonical both ways: what decodes encodes to the same text, and every byte string survives the round trip.
#include "codec/base64.hpp"

#include "base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const bytes_view input(data, size);
  const std::string_view text = as_chars(input);
  if (const auto decoded = codec::base64_decode(text)) TP_ASSERT(codec::base64_encode(*decoded) == text);
  if (const auto decoded = codec::base64url_decode(text))
    TP_ASSERT(codec::base64url_encode(*decoded) == text);

  const auto standard = codec::base64_decode(codec::base64_encode(input));
  TP_ASSERT(standard && *standard == to_bytes(input));
  const auto url = codec::base64url_decode(codec::base64url_encode(input));
  TP_ASSERT(url && *url == to_bytes(input));
  return 0;
}
