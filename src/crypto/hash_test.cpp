#include "crypto/hash.hpp"

#include <gtest/gtest.h>

#include "crypto/hex_for_test.hpp"
#include "crypto/random.hpp"

namespace tp::crypto {
namespace {

TEST(hash, sha256_matches_fips_180) {
  EXPECT_EQ(sha256({}), unhex_array<32>("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  EXPECT_EQ(sha256(as_bytes("abc")),
            unhex_array<32>("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

TEST(hash, hmac_matches_rfc_4231) {
  EXPECT_EQ(hmac_sha256(bytes(20, 0x0b), as_bytes("Hi There")),
            unhex_array<32>("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
  EXPECT_EQ(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")),
            unhex_array<32>("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
}

TEST(hash, hmac_with_an_empty_key_does_not_reuse_the_one_before) {
  const digest first = hmac_sha256({}, as_bytes("x"));
  hmac_sha256(as_bytes("another"), as_bytes("x"));
  EXPECT_EQ(hmac_sha256({}, as_bytes("x")), first);
  EXPECT_EQ(hmac_sha256(bytes(32, 0), as_bytes("x")), first);
}

TEST(hash, hkdf_matches_rfc_5869) {
  const digest prk = hkdf_extract(unhex("000102030405060708090a0b0c"), bytes(22, 0x0b));
  EXPECT_EQ(prk, unhex_array<32>("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"));
  bytes okm(42);
  hkdf_expand(prk, unhex("f0f1f2f3f4f5f6f7f8f9"), okm);
  EXPECT_EQ(okm,
            unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"));
}

TEST(hash, comparison_looks_at_size_and_every_byte) {
  const bytes a{1, 2, 3};
  EXPECT_TRUE(equal_in_constant_time(a, bytes{1, 2, 3}));
  EXPECT_FALSE(equal_in_constant_time(a, bytes{1, 2, 4}));
  EXPECT_FALSE(equal_in_constant_time(a, bytes{1, 2}));
}

TEST(random, fills_everything_and_differs) {
  os_random random;
  bytes a(3U << 20), b(3U << 20);  // more than one step of the generator
  random.fill(a);
  random.fill(b);
  EXPECT_NE(a, b);
  EXPECT_NE(bytes(a.end() - 32, a.end()), bytes(32, 0));
}

}  // namespace
}  // namespace tp::crypto
