// X25519 and Ed25519.
#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/ed25519.hpp"
#include "crypto/hex_for_test.hpp"
#include "crypto/random.hpp"
#include "crypto/x25519.hpp"

namespace tp::crypto {
namespace {

TEST(x25519, matches_rfc_7748) {
  // Section 5.2, the first vector; section 6.1, Bob's pair.
  const x25519_key first =
      x25519_key::from_secret(unhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"))
          .value();
  const x25519_public point =
      unhex_array<32>("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
  const bytes expected = unhex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
  const secret_key product = x25519(first.secret, point).value();
  EXPECT_TRUE(std::ranges::equal(product.reveal(), expected));
  const x25519_key bob =
      x25519_key::from_secret(unhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
          .value();
  EXPECT_EQ(bob.public_key,
            unhex_array<32>("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
}

TEST(x25519, both_sides_agree) {
  os_random random;
  const x25519_key one = x25519_key::generate(random);
  const x25519_key other = x25519_key::generate(random);
  const secret_key here = x25519(one.secret, other.public_key).value();
  const secret_key there = x25519(other.secret, one.public_key).value();
  EXPECT_TRUE(std::ranges::equal(here.reveal(), there.reveal()));
}

TEST(x25519, ignores_the_top_bit_of_a_public_key) {
  os_random random;
  const x25519_key own = x25519_key::generate(random);
  x25519_public peer = x25519_key::generate(random).public_key;
  const secret_key plain = x25519(own.secret, peer).value();
  peer[31] ^= 0x80;
  const secret_key masked = x25519(own.secret, peer).value();
  EXPECT_TRUE(std::ranges::equal(plain.reveal(), masked.reveal()));
}

TEST(x25519, refuses_points_of_low_order) {
  os_random random;
  const x25519_key own = x25519_key::generate(random);
  for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"})
    EXPECT_EQ(x25519(own.secret, unhex_array<32>(point)).error(), errc::bad_enc);
}

TEST(x25519, refuses_a_secret_of_another_size) {
  EXPECT_EQ(x25519_key::from_secret(bytes(31)).error(), errc::invalid_argument);
  EXPECT_EQ(x25519_key::from_secret(bytes(33)).error(), errc::invalid_argument);
}

struct signature_vector {
  const char *seed, *public_key, *message, *signature;
};
// RFC 8032 section 7.1, tests 1 and 2.
const signature_vector signatures[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "0595bbe24"
     "655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "eb4302aee"
     "b00d291612bb0c00"},
};

TEST(ed25519, matches_rfc_8032) {
  for (const signature_vector& v : signatures) {
    const ed25519_key key = ed25519_key::from_seed(unhex(v.seed)).value();
    EXPECT_EQ(key.public_key(), unhex_array<32>(v.public_key));
    EXPECT_EQ(key.sign(unhex(v.message)), unhex_array<64>(v.signature));
    EXPECT_TRUE(ed25519_verify(key.public_key(), unhex(v.message), unhex(v.signature)));
  }
}

TEST(ed25519, refuses_every_flipped_byte_and_other_sizes) {
  os_random random;
  const ed25519_key key = ed25519_key::generate(random);
  const ed25519_signature good = key.sign(as_bytes("message"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    ed25519_signature wrong = good;
    wrong[i] ^= 0x01;
    EXPECT_FALSE(ed25519_verify(key.public_key(), as_bytes("message"), wrong)) << i;
  }
  EXPECT_FALSE(ed25519_verify(key.public_key(), as_bytes("messagf"), good));
  EXPECT_FALSE(ed25519_verify(key.public_key(), as_bytes("message"), bytes_view(good).first(63)));
  EXPECT_FALSE(ed25519_verify(key.public_key(), as_bytes("message"), {}));
}

TEST(ed25519, refuses_a_signature_with_the_group_order_added_to_s) {
  const bytes order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  os_random random;
  const ed25519_key key = ed25519_key::generate(random);
  ed25519_signature signature = key.sign(as_bytes("message"));
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += signature[32 + i] + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_FALSE(ed25519_verify(key.public_key(), as_bytes("message"), signature));
}

}  // namespace
}  // namespace tp::crypto
