#include "codec/base64.hpp"

#include <gtest/gtest.h>

namespace tp::codec {
namespace {

struct pair {
  std::string_view plain, standard, url;
};
// RFC 4648 section 10, and bytes that use the last two digits.
constexpr pair pairs[] = {{"", "", ""},
                          {"f", "Zg==", "Zg"},
                          {"fo", "Zm8=", "Zm8"},
                          {"foo", "Zm9v", "Zm9v"},
                          {"foob", "Zm9vYg==", "Zm9vYg"},
                          {"fooba", "Zm9vYmE=", "Zm9vYmE"},
                          {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                          {"\xfb\xff\xbf", "+/+/", "-_-_"}};

TEST(base64, known_answers_both_ways) {
  for (const pair& p : pairs) {
    EXPECT_EQ(base64_encode(as_bytes(p.plain)), p.standard);
    EXPECT_EQ(base64url_encode(as_bytes(p.plain)), p.url);
    EXPECT_EQ(base64_decode(p.standard).value(), to_bytes(p.plain));
    EXPECT_EQ(base64url_decode(p.url).value(), to_bytes(p.plain));
  }
}

TEST(base64, every_byte_survives) {
  bytes all;
  for (unsigned i = 0; i < 256; ++i) all.push_back(static_cast<std::uint8_t>(i));
  EXPECT_EQ(base64_decode(base64_encode(all)).value(), all);
  EXPECT_EQ(base64url_decode(base64url_encode(all)).value(), all);
}

TEST(base64, refuses_what_would_not_encode_to_itself) {
  for (const std::string_view text : {"Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zh==", "Zm9=", "Zm8=Zm8=",
                                      " Zg==", "Zg==\n", "Zm 8", "-_-_", "Zm9v=", "Zm=v", "Zm9\xff"}) {
    EXPECT_EQ(base64_decode(text).error(), errc::invalid_base64) << text.size();
  }
}

TEST(base64url, refuses_padding_stray_bits_and_the_other_alphabet) {
  for (const std::string_view text : {"Zg==", "Zh", "Zm9", "Z", "+/+/", "Zm9v\n", "Zm9vZ"}) {
    EXPECT_EQ(base64url_decode(text).error(), errc::invalid_base64) << text.size();
  }
}

}  // namespace
}  // namespace tp::codec
