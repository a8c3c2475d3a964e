#include "node/api.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "engine/mock.hpp"

namespace tp::node {
namespace {

class api_test : public testing::Test {
 protected:
  asio::io_context loop;
  system_clock_source clock;
  seeded_random random{1};
  null_logger log;
  metrics registry;
  services with{clock, random, log, registry};
  engine::mock model{{}, with};
  admission gate{loop.get_executor(), 1, 1};
  settings config;
  meters count{registry};
  api door{model, gate, config, count, with};
};

TEST_F(api_test, only_the_owners_key_is_admitted_once_there_is_one) {
  EXPECT_TRUE(door.admits(caller::local, std::nullopt));
  EXPECT_TRUE(door.admits(caller::local, "Bearer anything"));
  config.api_key = secret_key(as_bytes("a-key"));
  EXPECT_FALSE(door.admits(caller::local, std::nullopt));
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer a-ke", "Basic a-key", "a-key"}) {
    EXPECT_FALSE(door.admits(caller::local, wrong)) << wrong;
  }
  EXPECT_TRUE(door.admits(caller::local, "Bearer a-key"));
  EXPECT_TRUE(door.admits(caller::local, "bearer a-key")) << "the scheme's name has no case";
}

TEST_F(api_test, sealed_callers_need_the_key_only_where_it_is_for_everyone) {
  config.api_key = secret_key(as_bytes("a-key"));
  EXPECT_TRUE(door.admits(caller::sealed, std::nullopt));
  EXPECT_TRUE(door.admits(caller::sealed, "Bearer another"));
  config.api_key_for = key_demand::everyone;
  EXPECT_FALSE(door.admits(caller::sealed, std::nullopt));
  EXPECT_FALSE(door.admits(caller::sealed, "Bearer another"));
  EXPECT_TRUE(door.admits(caller::sealed, "Bearer a-key"));
  EXPECT_FALSE(door.admits(caller::local, std::nullopt));
}

}  // namespace
}  // namespace tp::node
