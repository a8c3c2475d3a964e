#include "codec/base58.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "codec/hex.hpp"

namespace tp::codec {
namespace {

struct pair {
  std::string_view hex, text;
};
// Bitcoin Core, src/test/data/base58_encode_decode.json.
constexpr pair pairs[] = {{"", ""},
                          {"61", "2g"},
                          {"626262", "a3gV"},
                          {"636363", "aPEr"},
                          {"73696d706c792061206c6f6e6720737472696e67", "2cFupjhnEsSn59qHXstmK2ffpLv2"},
                          {"516b6fcd0f", "ABnLTmg"},
                          {"bf4f89001e670274dd", "3SEo3LWLoPntC"},
                          {"572e4794", "3EFU7m"},
                          {"ecac89cad93923c02321", "EJDM8drfXA6uyA"},
                          {"10c8511e", "Rt5zm"},
                          {"00000000000000000000", "1111111111"}};

TEST(base58, known_answers_both_ways) {
  for (const pair& p : pairs) {
    const bytes data = hex_decode(p.hex).value();
    EXPECT_EQ(base58_encode(data).value(), p.text);
    EXPECT_EQ(base58_decode(p.text).value(), data);
  }
}

TEST(base58, refuses_characters_outside_the_alphabet) {
  for (const std::string_view text : {"0", "O", "I", "l", "a b", "2g\n", "\xff"}) {
    EXPECT_EQ(base58_decode(text).error(), errc::invalid_base58);
  }
}

TEST(base58, refuses_more_than_its_bounds) {
  EXPECT_TRUE(base58_encode(bytes(limits::base58_bytes_max, 0xff)));
  EXPECT_EQ(base58_encode(bytes(limits::base58_bytes_max + 1, 0)).error(), errc::too_large);
  EXPECT_EQ(base58_decode(std::string(limits::base58_text_max + 1, 'z')).error(), errc::too_large);
}

TEST(base58, whatever_fits_can_be_written_again) {
  const bytes largest(limits::base58_bytes_max, 0xff);
  const std::string text = base58_encode(largest).value();
  EXPECT_LE(text.size(), limits::base58_text_max);
  EXPECT_EQ(base58_decode(text).value(), largest);
  EXPECT_EQ(base58_decode(std::string(limits::base58_text_max, '1')).error(), errc::too_large);
}

}  // namespace
}  // namespace tp::codec
