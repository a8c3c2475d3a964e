// No byte of an envelope can be changed, dropped or added without a refusal.
#include <gtest/gtest.h>

#include "e2ee/open.hpp"
#include "e2ee/seal.hpp"
#include "vectors.hpp"

namespace tp::conformance {
namespace {

struct shape {
  e2ee::form form;
  crypto::aead_id aead;
};

class malleability : public testing::TestWithParam<shape> {
 protected:
  const manual_clock clock;
  seeded_random random{3};
  e2ee::key_ring ring{clock, random};
  bytes request, response;
  const e2ee::piece_sink ignore = [](bytes_view) {};

  e2ee::key_choice key() const {
    e2ee::key_choice choice = e2ee::choose_key(ring.key_list()).value();
    choice.aead = GetParam().aead;
    return choice;
  }
  bool chunked() const { return GetParam().form == e2ee::form::chunked; }

  e2ee::response_opener seal(random_source& ephemeral) {
    request.clear();
    e2ee::request_sealer sealer = e2ee::request_sealer::make(key(), GetParam().form, ephemeral).value();
    if (chunked()) EXPECT_TRUE(sealer.piece(as_bytes("first piece"), request).has_value());
    return sealer.finish(as_bytes("last piece"), request).value();
  }
  result<void> open(bytes_view body) {
    e2ee::request_opener opener(ring, GetParam().form);
    const result<void> pushed = opener.push(body, ignore);
    return pushed ? opener.end(ignore) : pushed;
  }
  void answer() {
    e2ee::request_opener opener(ring, GetParam().form);
    ASSERT_TRUE(opener.push(request, ignore).has_value());
    ASSERT_TRUE(opener.end(ignore).has_value());
    e2ee::response_sealer sealer = opener.respond(random);
    if (chunked()) ASSERT_TRUE(sealer.piece(as_bytes("an answer"), response).has_value());
    ASSERT_TRUE(sealer.finish(as_bytes("its end"), response).has_value());
  }
};

INSTANTIATE_TEST_SUITE_P(shapes, malleability,
                         testing::Values(shape{e2ee::form::chunked, crypto::aead_id::aes_256_gcm},
                                         shape{e2ee::form::chunked, crypto::aead_id::aes_128_gcm},
                                         shape{e2ee::form::chunked, crypto::aead_id::chacha20_poly1305},
                                         shape{e2ee::form::whole, crypto::aead_id::aes_256_gcm}));

std::vector<bytes> damaged(const bytes& good) {
  std::vector<bytes> out;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const std::uint8_t bit : {std::uint8_t{0x01}, std::uint8_t{0x80}}) {
      bytes flipped = good;
      flipped[i] ^= bit;
      out.push_back(std::move(flipped));
    }
    out.emplace_back(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(i));  // cut here
    bytes dropped = good;
    dropped.erase(dropped.begin() + static_cast<std::ptrdiff_t>(i));
    out.push_back(std::move(dropped));
  }
  out.push_back(good);
  out.back().push_back(0);
  return out;
}

TEST_P(malleability, damaged_requests_are_refused_and_do_not_burn_the_good_one) {
  seal(random);
  for (const bytes& body : damaged(request)) ASSERT_TRUE(open(body).has_error());
  EXPECT_TRUE(open(request).has_value());
  EXPECT_EQ(open(request).error(), errc::replayed);
}

TEST_P(malleability, damaged_responses_are_refused) {
  bytes ephemeral(32);
  random.fill(ephemeral);
  fixed_random first(ephemeral);
  e2ee::response_opener good = seal(first);
  answer();
  for (const bytes& body : damaged(response)) {
    fixed_random again(ephemeral);
    e2ee::response_opener opener = seal(again);
    const result<void> pushed = opener.push(body, ignore);
    const result<void> ended = pushed ? opener.end(ignore) : pushed;
    ASSERT_TRUE(ended.has_error());
    ASSERT_FALSE(opener.done());
  }
  EXPECT_TRUE(good.push(response, ignore).has_value());
  EXPECT_TRUE(good.end(ignore).has_value());
}

TEST_P(malleability, a_response_opens_only_with_its_own_request) {
  seal(random);
  answer();
  e2ee::response_opener other = seal(random);
  const result<void> pushed = other.push(response, ignore);
  const result<void> ended = pushed ? other.end(ignore) : pushed;
  EXPECT_EQ(ended.error(), errc::decrypt_failed);
}

}  // namespace
}  // namespace tp::conformance
