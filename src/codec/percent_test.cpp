#include "codec/percent.hpp"

#include <gtest/gtest.h>

namespace tp::codec {
namespace {

TEST(percent, decodes_escapes_and_leaves_the_rest) {
  EXPECT_EQ(percent_decode("a%2Fb%20c"), "a/b c");
  EXPECT_EQ(percent_decode("%41"), "A");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
}

TEST(percent, leaves_incomplete_escapes) {
  EXPECT_EQ(percent_decode("%"), "%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%4g"), "%4g");
}

}  // namespace
}  // namespace tp::codec
