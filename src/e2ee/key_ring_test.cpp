#include "e2ee/key_ring.hpp"

#include <gtest/gtest.h>

#include "e2ee/open.hpp"
#include "e2ee/seal.hpp"

namespace tp::e2ee {
namespace {

using namespace std::chrono_literals;

class ring : public testing::Test {
 protected:
  manual_clock clock;
  seeded_random random{11};
  key_ring keys{clock, random};

  key_choice newest() const { return choose_key(keys.key_list()).value(); }
  bytes sealed_to(const key_choice& key) {
    plaintext message(as_bytes("x"));
    return seal_request(key, form::chunked, message, random).value().body;
  }
  errc open(bytes_view body) {
    request_opener opener(keys, form::chunked);
    const piece_sink ignore = [](bytes_view) {};
    const result<void> pushed = opener.push(body, ignore);
    const result<void> ended = pushed ? opener.end(ignore) : pushed;
    return ended ? errc::ok : to_errc(ended.error());
  }
};

TEST_F(ring, makes_a_new_key_every_hour_with_the_next_id) {
  const key_choice first = newest();
  clock.advance(3'599s);
  EXPECT_EQ(keys.rotate_if_due(), rotation::none);
  EXPECT_EQ(newest(), first);
  clock.advance(1s);
  EXPECT_EQ(keys.rotate_if_due(), rotation::new_key);
  EXPECT_EQ(newest().key_id, static_cast<std::uint8_t>(first.key_id + 1));
  EXPECT_NE(newest().public_key, first.public_key);
  EXPECT_EQ(keys.rotate_if_due(), rotation::none);
}

TEST_F(ring, advertises_only_the_newest_key) {
  clock.advance(3'600s);
  keys.listed(clock.unix_now() + 7'200);
  keys.rotate_if_due();
  EXPECT_EQ(keys.size(), 2U);
  EXPECT_EQ(parse_key_list(keys.key_list()).value().size(), 1U);
}

TEST_F(ring, an_old_key_opens_until_its_last_record_is_expired_by_120_s) {
  const key_choice old = newest();
  keys.listed(clock.unix_now() + 7'200);
  keys.listed(clock.unix_now() + 5'000);  // the latest expiry counts
  clock.advance(3'600s);
  ASSERT_EQ(keys.rotate_if_due(), rotation::new_key);
  EXPECT_EQ(open(sealed_to(old)), errc::ok);
  EXPECT_EQ(open(sealed_to(newest())), errc::ok);
  clock.advance(3'600s + 120s);
  EXPECT_EQ(open(sealed_to(old)), errc::ok);
  clock.advance(1s);
  EXPECT_EQ(open(sealed_to(old)), errc::unknown_key);
  EXPECT_EQ(open(sealed_to(newest())), errc::ok);
  EXPECT_EQ(keys.size(), 1U);
}

TEST_F(ring, a_key_no_record_listed_goes_with_its_rotation) {
  const key_choice old = newest();
  clock.advance(3'600s);
  keys.rotate_if_due();
  EXPECT_EQ(open(sealed_to(old)), errc::unknown_key);
}

TEST_F(ring, key_ids_wrap_and_the_older_of_two_equal_ones_gives_way) {
  const key_choice first = newest();
  for (int i = 0; i < 256; ++i) {
    keys.listed(clock.unix_now() + 86'400 * 100);
    clock.advance(3'600s);
    ASSERT_EQ(keys.rotate_if_due(), rotation::new_key);
  }
  EXPECT_EQ(newest().key_id, first.key_id);
  EXPECT_EQ(keys.size(), 256U);
  EXPECT_EQ(open(sealed_to(first)), errc::decrypt_failed);
  EXPECT_EQ(open(sealed_to(newest())), errc::ok);
}

TEST_F(ring, a_destroyed_key_is_wiped_though_a_request_still_holds_it) {
  const std::shared_ptr<ring_key> held = keys.find(newest().key_id);
  clock.advance(3'600s);
  keys.rotate_if_due();
  EXPECT_TRUE(held->key.secret.empty());
}

TEST_F(ring, a_request_that_began_before_its_key_went_is_unknown_before_enc_and_goes_on_after) {
  const bytes body = sealed_to(newest());
  const piece_sink ignore = [](bytes_view) {};
  request_opener after_head(keys, form::chunked), after_enc(keys, form::chunked);
  ASSERT_TRUE(after_head.push(bytes_view(body).first(20), ignore).has_value());
  ASSERT_TRUE(after_enc.push(bytes_view(body).first(39), ignore).has_value());
  clock.advance(3'600s);
  keys.rotate_if_due();
  EXPECT_EQ(after_head.push(bytes_view(body).subspan(20), ignore).error(), errc::unknown_key);
  ASSERT_TRUE(after_enc.push(bytes_view(body).subspan(39), ignore).has_value());
  EXPECT_TRUE(after_enc.end(ignore).has_value());
}

TEST_F(ring, a_clock_set_back_makes_a_new_key_once_dates_were_forgotten) {
  const std::shared_ptr<ring_key> key = keys.find(newest().key_id);
  const crypto::hpke_enc enc{1};
  ASSERT_TRUE(key->spent.insert(enc).has_value());
  ASSERT_TRUE(key->spent.note_date(enc, clock.unix_now()).has_value());
  clock.advance(301s);
  EXPECT_EQ(keys.rotate_if_due(), rotation::none);
  clock.advance(-301s);
  EXPECT_EQ(keys.rotate_if_due(), rotation::new_key);
  EXPECT_EQ(keys.rotate_if_due(), rotation::none);
}

class spent : public testing::Test {
 protected:
  seeded_random random{5};
  spent_set set{random, 4};
  static crypto::hpke_enc enc(std::uint8_t first) { return {first}; }
};

TEST_F(spent, an_enc_is_taken_once) {
  EXPECT_TRUE(set.insert(enc(1)).has_value());
  EXPECT_EQ(set.insert(enc(1)).error(), errc::replayed);
  EXPECT_TRUE(set.contains(enc(1)));
  EXPECT_FALSE(set.contains(enc(2)));
}

TEST_F(spent, a_full_set_takes_nothing_but_still_knows_its_own) {
  for (std::uint8_t i = 0; i < 4; ++i) ASSERT_TRUE(set.insert(enc(i)).has_value());
  EXPECT_TRUE(set.full());
  EXPECT_EQ(set.insert(enc(9)).error(), errc::unknown_key);
  EXPECT_EQ(set.insert(enc(0)).error(), errc::replayed);
}

TEST_F(spent, an_entry_goes_only_when_its_date_is_out_of_the_window_for_good) {
  ASSERT_TRUE(set.insert(enc(1)).has_value());
  ASSERT_TRUE(set.insert(enc(2)).has_value());
  ASSERT_TRUE(set.note_date(enc(1), 1'000).has_value());
  set.forget_old(1'300);
  EXPECT_TRUE(set.contains(enc(1)));
  set.forget_old(1'301);
  EXPECT_FALSE(set.contains(enc(1)));
  EXPECT_TRUE(set.contains(enc(2)));  // no date in the window: stays
}

TEST_F(spent, a_date_that_was_forgotten_is_refused_from_then_on) {
  ASSERT_TRUE(set.insert(enc(1)).has_value());
  ASSERT_TRUE(set.note_date(enc(1), 1'000).has_value());
  set.forget_old(1'301);
  ASSERT_TRUE(set.insert(enc(1)).has_value());  // a copy, after the clock was set back
  EXPECT_EQ(set.note_date(enc(1), 1'000).error(), errc::date_out_of_window);
  EXPECT_TRUE(set.note_date(enc(1), 1'001).has_value());
}

TEST_F(ring, a_full_set_retires_its_key_early) {
  const std::shared_ptr<ring_key> key = keys.find(newest().key_id);
  key->spent = spent_set(random, 1);
  keys.listed(clock.unix_now() + 7'200);
  const bytes under_way = sealed_to(newest());
  const key_choice old = newest();
  const piece_sink ignore = [](bytes_view) {};
  request_opener opener(keys, form::chunked);
  ASSERT_TRUE(opener.push(under_way, ignore).has_value());
  EXPECT_EQ(open(sealed_to(old)), errc::ok);
  EXPECT_EQ(open(sealed_to(old)), errc::unknown_key);
  EXPECT_EQ(opener.end(ignore).error(), errc::unknown_key);
  EXPECT_EQ(keys.rotate_if_due(), rotation::new_key);
  EXPECT_EQ(keys.size(), 1U) << "nobody can use it again, so its set is let go";
  EXPECT_EQ(open(sealed_to(old)), errc::unknown_key);
  EXPECT_EQ(open(sealed_to(newest())), errc::ok);
}

}  // namespace
}  // namespace tp::e2ee
