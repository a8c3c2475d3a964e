#include "codec/utf8.hpp"

#include <gtest/gtest.h>

namespace tp::codec {
namespace {

TEST(utf8, accepts_each_edge_of_the_standard) {
  for (const std::string_view text :
       {"", "ascii only, longer than one word of eight", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
        "eight888\xe2\x82\xac", "1234567\xe2\x82\xac"}) {
    EXPECT_TRUE(valid_utf8(text));
  }
  EXPECT_TRUE(valid_utf8(std::string_view("\0", 1)));
}

TEST(utf8, refuses_overlong_surrogate_beyond_and_cut) {
  for (const std::string_view text : {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xfe",
                                      "\xff",
                                      "\xc2",
                                      "\xe2\x82",
                                      "\xf0\x9f\x98",
                                      "\xc2\x41",
                                      "\xe2\x82\x41",
                                      "\xf0\x9f\x98\x41",
                                      "eight888\x80",
                                      "1234567\xe2"}) {
    EXPECT_FALSE(valid_utf8(text));
  }
}

}  // namespace
}  // namespace tp::codec
