// Clients that do not read: what the relay keeps for one is bounded, and nobody else notices.
#include "scenario/raw_client.hpp"
#include "scenario/raw_node.hpp"

namespace tp::scenario {
namespace {

constexpr std::string_view unsent = "token_place_relay_unsent_bytes";
constexpr std::size_t large = 24U << 20;  // far above what the sockets of both sides can hold

class slow_readers : public house {
 protected:
  // A stranger's node that gives an answer of this size to anybody.
  std::unique_ptr<raw_node> pouring_node(std::size_t size) {
    auto made = std::make_unique<raw_node>(loop, relay_->url(), ++seed_);
    EXPECT_EQ(made->put(made->record(1)), 200);
    made->says =
        "HTTP/1.1 200 OK\r\nContent-Type: " + std::string(e2ee::response_media_type(e2ee::form::chunked)) +
        "\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
    return made;
  }
  // Until the relay takes no more bytes from any node.
  void wait_for_standstill() {
    std::int64_t before = -1;
    const auto still = [&] {
      const std::int64_t now = relay_->metric("token_place_relay_bytes_total{direction=\"down\"}");
      const bool same = now == before && now > 0;
      before = now;
      return same;
    };
    ASSERT_TRUE(until([&] { return relay_->metric(std::string(unsent)) > 0; }));
    int rounds = 0;  // of 50 ms each in which nothing moved
    while (rounds < 4) {
      const auto tick = std::chrono::steady_clock::now() + 50ms;
      until([&] { return std::chrono::steady_clock::now() > tick; });
      rounds = still() ? rounds + 1 : 0;
    }
  }
};

TEST_F(slow_readers, what_the_relay_holds_is_bounded_by_the_window_and_others_go_on) {
  furnish();
  const auto node = pouring_node(large);
  raw_client slow(loop, relay_->port(), 8'192);
  slow.send(sealed_post(node->peer(), as_bytes("envelope")));
  wait_for_standstill();
  const std::int64_t held = relay_->metric(std::string(unsent));
  EXPECT_GT(held, 0);
  EXPECT_LE(held, static_cast<std::int64_t>(limits::yamux_window + 1'024))
      << "the window, and the head of the answer";
  EXPECT_TRUE(still_works());
  const raw_answer whole = slow.answer();  // reads at last
  EXPECT_EQ(whole.status, 200);
  EXPECT_TRUE(whole.complete);
  EXPECT_EQ(whole.body.size(), large);
  EXPECT_TRUE(until([&] { return relay_->metric(std::string(unsent)) == 0; }));
}

TEST_F(slow_readers, pipelining_without_reading_makes_the_relay_hold_no_more) {
  furnish();
  const auto node = pouring_node(200'000);
  raw_client slow(loop, relay_->port(), 8'192);
  std::string many;
  for (int i = 0; i < 60; ++i) many += sealed_post(node->peer(), as_bytes("envelope"));
  slow.send(many);
  wait_for_standstill();
  EXPECT_LT(node->requests, 60U) << "the next request waits until the answer before it is out";
  EXPECT_LE(relay_->metric(std::string(unsent)), static_cast<std::int64_t>(limits::yamux_window + 1'024));
  for (int i = 0; i < 60; ++i) ASSERT_EQ(slow.answer().body.size(), 200'000U) << i;
  EXPECT_EQ(node->requests, 60U);
}

TEST_F(slow_readers, one_that_takes_nothing_is_cut_off) {
  relay::settings config = quick_relay();
  config.time.silence = 200ms;
  furnish({}, std::move(config));
  const auto node = pouring_node(large);
  raw_client stuck(loop, relay_->port(), 8'192);
  stuck.send(sealed_post(node->peer(), as_bytes("envelope")));
  ASSERT_TRUE(until([&] { return relay_->metric(std::string(unsent)) > 0; }));
  EXPECT_TRUE(until([&] { return relay_->metric("token_place_relay_exchanges_open") == 0; }));
  EXPECT_TRUE(until([&] { return relay_->metric(std::string(unsent)) == 0; }));
  EXPECT_TRUE(still_works());
}

TEST_F(slow_readers, one_that_leaves_is_forgotten) {
  furnish();
  const auto node = pouring_node(large);
  {
    raw_client leaving(loop, relay_->port(), 8'192);
    leaving.send(sealed_post(node->peer(), as_bytes("envelope")));
    wait_for_standstill();
  }
  EXPECT_TRUE(until([&] { return relay_->metric("token_place_relay_exchanges_open") == 0; }));
  EXPECT_TRUE(until([&] { return relay_->metric(std::string(unsent)) == 0; }));
  EXPECT_TRUE(still_works());
}

}  // namespace
}  // namespace tp::scenario
