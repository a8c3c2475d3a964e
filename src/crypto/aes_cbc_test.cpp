// AES-256-CBC and its padding.
#include "crypto/aes_cbc.hpp"

#include <gtest/gtest.h>

#include "crypto/hex_for_test.hpp"

namespace tp::crypto {
namespace {

TEST(aes_cbc, matches_sp_800_38a) {
  // NIST SP 800-38A section F.2.5, first two blocks.
  const bytes key = unhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  const aes_block iv = unhex_array<16>("000102030405060708090a0b0c0d0e0f");
  const bytes plain = unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  const bytes sealed = unhex("f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d");
  bytes opened(sealed.size());
  aes_256_cbc_decipher(key, iv, sealed, opened);
  EXPECT_EQ(opened, plain);
  const bytes padded = aes_256_cbc_seal(key, iv, plain);
  ASSERT_EQ(padded.size(), 48U);
  EXPECT_EQ(bytes(padded.begin(), padded.begin() + 32), sealed);
}

TEST(aes_cbc, opens_what_it_sealed_at_every_length) {
  const bytes key(32, std::uint8_t{7});
  const aes_block iv{};
  for (std::size_t size = 0; size < 50; ++size) {
    const bytes plain(size, std::uint8_t{0x10});
    const bytes sealed = aes_256_cbc_seal(key, iv, plain);
    bytes opened(sealed.size());
    aes_256_cbc_decipher(key, iv, sealed, opened);
    const pkcs7_reading read = read_pkcs7(opened);
    EXPECT_EQ(read.good, ct_yes) << size;
    EXPECT_EQ(opened.size() - read.padding_bytes, size);
  }
}

TEST(aes_cbc, reads_a_padding_as_rfc_5652_says) {
  for (std::uint32_t count = 0; count < 256; ++count) {
    for (std::uint32_t wrong_at = 0; wrong_at <= 16; ++wrong_at) {  // 16: nowhere
      bytes data(32, static_cast<std::uint8_t>(count));
      if (wrong_at < 16) data[data.size() - 1 - wrong_at] ^= 0x80;
      const std::uint32_t last = data.back();
      bool good = last >= 1 && last <= 16;
      for (std::uint32_t i = 0; good && i < last; ++i) good = data[data.size() - 1 - i] == last;
      const pkcs7_reading read = read_pkcs7(data);
      EXPECT_EQ(read.good, good ? ct_yes : ct_no) << count << ' ' << wrong_at;
      EXPECT_EQ(read.padding_bytes, good ? last : 0);
    }
  }
}

TEST(constant_time, masks_say_what_comparisons_say) {
  for (std::uint32_t a = 0; a < 300; ++a) {
    EXPECT_EQ(ct_is_zero(a), a == 0 ? ct_yes : ct_no);
    for (std::uint32_t b = 0; b < 300; ++b) {
      EXPECT_EQ(ct_equal(a, b), a == b ? ct_yes : ct_no);
      EXPECT_EQ(ct_less(a, b), a < b ? ct_yes : ct_no);
      EXPECT_EQ(ct_select(ct_less(a, b), a, b), std::min(a, b));
    }
  }
  EXPECT_EQ(ct_is_zero(0xffffffffU) | ct_is_zero(0x80000000U), ct_no);
}

}  // namespace
}  // namespace tp::crypto
