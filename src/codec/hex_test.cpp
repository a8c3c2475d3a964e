#include "codec/hex.hpp"

#include <gtest/gtest.h>

namespace tp::codec {
namespace {

TEST(hex, known_answers_both_ways) {
  const bytes data{0x00, 0x0f, 0xa5, 0xff};
  EXPECT_EQ(hex_encode(data), "000fa5ff");
  EXPECT_EQ(hex_decode("000fa5ff").value(), data);
  EXPECT_EQ(hex_decode("").value(), bytes{});
}

TEST(hex, refuses_other_spellings) {
  for (const std::string_view text : {"0", "FF", "0g", "00 ff", "0x00", "00\n", "/0", ":0", "`0"}) {
    EXPECT_EQ(hex_decode(text).error(), errc::invalid_hex);
  }
}

}  // namespace
}  // namespace tp::codec
