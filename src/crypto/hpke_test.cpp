// The published values of HPKE stand in the sealed-API vectors (tests/conformance), at every stage.
#include "crypto/hpke.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/random.hpp"

namespace tp::crypto {
namespace {

class every_suite : public testing::TestWithParam<aead_id> {
 protected:
  os_random random;
  x25519_key node = x25519_key::generate(random);
  hpke_sender sender = hpke_sender::make(node.public_key, GetParam(), as_bytes("info"), random).value();
  result<hpke_receiver> receiver(std::string_view info) {
    return hpke_receiver::make(node, sender.enc(), GetParam(), as_bytes(info));
  }
};
INSTANTIATE_TEST_SUITE_P(hpke, every_suite,
                         testing::Values(aead_id::aes_128_gcm, aead_id::aes_256_gcm,
                                         aead_id::chacha20_poly1305));

TEST_P(every_suite, opens_what_was_sealed_in_order) {
  hpke_receiver reader = receiver("info").value();
  for (std::uint8_t i = 0; i < 10; ++i) {
    bytes sealed(17), opened(1);
    sender.sequence().seal(as_bytes("aad"), bytes{i}, sealed);
    ASSERT_TRUE(reader.sequence().open(as_bytes("aad"), sealed, opened).has_value());
    EXPECT_EQ(opened, bytes{i});
  }
}

TEST_P(every_suite, refuses_other_info_and_other_order) {
  bytes first(17), second(17), opened(1);
  sender.sequence().seal({}, bytes{1}, first);
  sender.sequence().seal({}, bytes{2}, second);
  hpke_receiver other_info = receiver("inf0").value();
  EXPECT_EQ(other_info.sequence().open({}, first, opened).error(), errc::decrypt_failed);
  hpke_receiver other_order = receiver("info").value();
  EXPECT_EQ(other_order.sequence().open({}, second, opened).error(), errc::decrypt_failed);
}

TEST_P(every_suite, exports_the_same_secret_on_both_sides_and_another_for_each_label) {
  const hpke_receiver reader = receiver("info").value();
  const secret_key here = sender.export_secret(as_bytes("a"), 32);
  const secret_key there = reader.export_secret(as_bytes("a"), 32);
  const secret_key other = reader.export_secret(as_bytes("b"), 32);
  EXPECT_TRUE(std::ranges::equal(here.reveal(), there.reveal()));
  EXPECT_FALSE(std::ranges::equal(here.reveal(), other.reveal()));
}

TEST_P(every_suite, every_sender_has_its_own_enc) {
  const hpke_sender again = hpke_sender::make(node.public_key, GetParam(), as_bytes("info"), random).value();
  EXPECT_NE(again.enc(), sender.enc());
}

TEST_P(every_suite, a_zero_point_is_refused_on_both_sides) {
  const x25519_public zero{};
  EXPECT_EQ(hpke_sender::make(zero, GetParam(), {}, random).error(), errc::bad_enc);
  EXPECT_EQ(hpke_receiver::make(node, zero, GetParam(), {}).error(), errc::bad_enc);
}

TEST_P(every_suite, the_ignored_top_bit_of_enc_is_hashed) {
  bytes sealed(17), opened(1);
  sender.sequence().seal({}, bytes{1}, sealed);
  hpke_enc enc = sender.enc();
  enc[31] ^= 0x80;
  hpke_receiver reader = hpke_receiver::make(node, enc, GetParam(), as_bytes("info")).value();
  EXPECT_EQ(reader.sequence().open({}, sealed, opened).error(), errc::decrypt_failed);
}

}  // namespace
}  // namespace tp::crypto
