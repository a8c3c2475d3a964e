#include "crypto/aead.hpp"

#include <gtest/gtest.h>

#include "crypto/hex_for_test.hpp"

namespace tp::crypto {
namespace {

struct vector {
  aead_id id;
  const char *key, *nonce, *aad, *plain, *sealed;
};

// Test cases 4 and 16 of the GCM submission to NIST; RFC 8439 section 2.8.2.
const vector vectors[] = {
    {aead_id::aes_128_gcm, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf"
     "5aa0de657"
     "ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b3"
     "96a0aac97"
     "3d58e0915bc94fbc3221a5db94fae95ae7121a47"},
    {aead_id::aes_256_gcm, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf"
     "5aa0de657"
     "ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6"
     "393ba7a0a"
     "bcc9f66276fc6ece0f4e1768cddf8853bb2d551b"},
    {aead_id::chacha20_poly1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
     "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c6"
     "4206f6666"
     "657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642"
     "062652069"
     "742e",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0"
     "a9e060b29"
     "05d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26"
     "586cec64b"
     "61161ae10b594f09e26a7e902ecbd0600691"},
};

class every_aead : public testing::TestWithParam<aead_id> {};
INSTANTIATE_TEST_SUITE_P(aead, every_aead,
                         testing::Values(aead_id::aes_128_gcm, aead_id::aes_256_gcm,
                                         aead_id::chacha20_poly1305));

bytes key_for(aead_id id) { return bytes(aead_key_bytes(id), 0x42); }
constexpr aead_nonce nonce{1, 2, 3};

TEST(aead, matches_published_values) {
  for (const vector& v : vectors) {
    const bytes plain = unhex(v.plain);
    aead_key sealing(v.id, unhex(v.key), aead_use::seal);
    bytes sealed(plain.size() + aead_tag_bytes);
    sealing.seal(unhex_array<12>(v.nonce), unhex(v.aad), plain, sealed);
    EXPECT_EQ(sealed, unhex(v.sealed));
    aead_key opening(v.id, unhex(v.key), aead_use::open);
    bytes opened(plain.size());
    ASSERT_TRUE(opening.open(unhex_array<12>(v.nonce), unhex(v.aad), sealed, opened).has_value());
    EXPECT_EQ(opened, plain);
  }
}

TEST_P(every_aead, works_in_place_and_again_with_the_same_context) {
  aead_key sealing(GetParam(), key_for(GetParam()), aead_use::seal);
  aead_key opening(GetParam(), key_for(GetParam()), aead_use::open);
  for (const std::size_t size : {0U, 1U, 16U, 1000U, 65'519U}) {
    const bytes plain(size, 0x37);
    bytes buffer = plain;
    buffer.resize(size + aead_tag_bytes);
    sealing.seal(nonce, as_bytes("aad"), bytes_view(buffer).first(size), buffer);
    if (size > 0) EXPECT_NE(bytes(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)), plain);
    ASSERT_TRUE(opening.open(nonce, as_bytes("aad"), buffer, bytes_span(buffer).first(size)).has_value());
    buffer.resize(size);
    EXPECT_EQ(buffer, plain);
  }
}

TEST_P(every_aead, refuses_every_flipped_byte_other_nonce_other_aad_and_leaves_nothing) {
  const bytes plain(33, 0x37);
  aead_key sealing(GetParam(), key_for(GetParam()), aead_use::seal);
  aead_key opening(GetParam(), key_for(GetParam()), aead_use::open);
  bytes sealed(plain.size() + aead_tag_bytes);
  sealing.seal(nonce, as_bytes("aad"), plain, sealed);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    bytes wrong = sealed;
    wrong[i] ^= 0x10;
    bytes out(plain.size(), 0xff);
    EXPECT_EQ(opening.open(nonce, as_bytes("aad"), wrong, out).error(), errc::decrypt_failed);
    EXPECT_EQ(out, bytes(plain.size(), 0));
  }
  bytes out(plain.size());
  EXPECT_TRUE(opening.open(aead_nonce{9}, as_bytes("aad"), sealed, out).has_error());
  EXPECT_TRUE(opening.open(nonce, as_bytes("aae"), sealed, out).has_error());
  EXPECT_TRUE(opening.open(nonce, {}, sealed, out).has_error());
  EXPECT_TRUE(opening.open(nonce, as_bytes("aad"), sealed, out).has_value());
}

TEST_P(every_aead, refuses_less_than_a_tag) {
  aead_key opening(GetParam(), key_for(GetParam()), aead_use::open);
  for (std::size_t size = 0; size < aead_tag_bytes; ++size)
    EXPECT_EQ(opening.open(nonce, {}, bytes(size), {}).error(), errc::decrypt_failed);
}

TEST_P(every_aead, sequence_counts_in_twelve_bytes_big_endian) {
  const aead_nonce base{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x01};
  aead_sequence sequence(GetParam(), key_for(GetParam()), base, aead_use::seal);
  aead_key plain_key(GetParam(), key_for(GetParam()), aead_use::seal);
  for (unsigned number = 0; number <= 256; ++number) {
    bytes numbered(17), by_hand(17);
    sequence.seal({}, bytes{7}, numbered);
    aead_nonce expected = base;
    expected[11] = static_cast<std::uint8_t>(expected[11] ^ (number & 0xff));
    expected[10] = static_cast<std::uint8_t>(expected[10] ^ (number >> 8));
    plain_key.seal(expected, {}, bytes{7}, by_hand);
    ASSERT_EQ(numbered, by_hand) << number;
  }
}

TEST_P(every_aead, sequence_ends_with_the_first_failure) {
  aead_sequence sealing(GetParam(), key_for(GetParam()), nonce, aead_use::seal);
  aead_sequence opening(GetParam(), key_for(GetParam()), nonce, aead_use::open);
  bytes first(17), second(17), out(1);
  sealing.seal({}, bytes{1}, first);
  sealing.seal({}, bytes{2}, second);
  EXPECT_TRUE(opening.open({}, second, out).has_error());
  EXPECT_TRUE(opening.open({}, second, out).has_error());
  EXPECT_TRUE(opening.open({}, first, out).has_error());
}

}  // namespace
}  // namespace tp::crypto
