// Any text decodes; what was encoded byte by byte comes back, and text without escapes stays as it is.
#include "codec/percent.hpp"

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "codec/hex.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const bytes_view input(data, size);
  const std::string_view text = as_chars(input);
  const std::string decoded = codec::percent_decode(text);
  TP_ASSERT(decoded.size() <= text.size() && (text.size() - decoded.size()) % 2 == 0);
  if (text.find('%') == std::string_view::npos) TP_ASSERT(decoded == text);
  std::string encoded;
  for (std::size_t i = 0; i < size; ++i) encoded.append("%").append(codec::hex_encode(input.subspan(i, 1)));
  TP_ASSERT(codec::percent_decode(encoded) == text);
  return 0;
}
