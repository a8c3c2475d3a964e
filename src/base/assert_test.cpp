#include "base/assert.hpp"

#include <gtest/gtest.h>

namespace tp {
namespace {

TEST(assert_death_test, names_the_condition_and_no_value) {
  const int secret_number = 4711;
  EXPECT_DEATH(TP_ASSERT(secret_number == 1), "token.place bug: secret_number == 1 at .*assert_test.cpp");
}

TEST(assert, true_conditions_are_evaluated_once) {
  int calls = 0;
  const auto holds = [&calls] { return ++calls == 1; };
  TP_ASSERT(holds());
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace tp
