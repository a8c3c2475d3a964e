#include "base/random.hpp"

#include <gtest/gtest.h>

#include <array>

namespace tp {
namespace {

// Hands out what it was given, eight bytes a draw.
class scripted_random final : public random_source {
 public:
  explicit scripted_random(std::vector<std::uint8_t> draws) : draws_(std::move(draws)) {}
  void fill(bytes_span out) override {
    for (std::uint8_t& byte : out) byte = draws_.at(next_ / 8);
    next_ += out.size();
  }
  std::size_t used() const { return next_ / 8; }

 private:
  std::vector<std::uint8_t> draws_;
  std::size_t next_ = 0;
};

TEST(seeded_random, repeats_itself_and_only_itself) {
  std::array<std::uint8_t, 32> a{}, b{}, c{};
  seeded_random(7).fill(a);
  seeded_random(7).fill(b);
  seeded_random(8).fill(c);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

TEST(random_below, stays_below_and_reaches_everything) {
  seeded_random random(1);
  EXPECT_EQ(random.below(1), 0U);
  std::array<int, 5> seen{};
  for (int i = 0; i < 5'000; ++i) ++seen.at(random.below(5));
  for (const int count : seen) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1'200);
  }
}

TEST(random_below, draws_again_instead_of_favouring_small_values) {
  scripted_random random({0xff, 0x00});  // 2^64-1 lies in the incomplete last range of 10
  EXPECT_EQ(random.below(10), 0U);
  EXPECT_EQ(random.used(), 2U);
}

}  // namespace
}  // namespace tp
