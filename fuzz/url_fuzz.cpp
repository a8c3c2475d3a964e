// What parses is written as a text that parses to an equal url, and its parts hold nothing that could split a
// head.
#include "codec/url.hpp"

#include "base/assert.hpp"
#include "base/bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const auto url = codec::parse_url(as_chars({data, size}));
  if (!url) return 0;
  const auto again = codec::parse_url(codec::to_text(*url));
  TP_ASSERT(again && *again == *url);
  for (const std::string& part : {codec::host_field(*url), url->target}) {
    for (const char c : part) TP_ASSERT(c > ' ' && c < 0x7f);
  }
  TP_ASSERT(url->target.starts_with('/') && url->port != 0);
  return 0;
}
