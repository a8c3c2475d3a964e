// Connections that begin a session and never finish its handshake, or never become a node's link: how long
// and how many.
#include <array>

#include "scenario/raw_client.hpp"
#include "scenario/raw_node.hpp"

namespace tp::scenario {
namespace {

const std::string upgrade =
    "GET /p2p HTTP/1.1\r\nHost: r\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const std::string multistream("\x13/multistream/1.0.0\n", 20);
const std::string noise("\x07/noise\n", 8);
constexpr const char* failed = "token_place_link_handshakes_total{outcome=\"failed\"}";
constexpr const char* refused = "token_place_link_handshakes_total{outcome=\"refused\"}";

using half_open = house;

TEST_F(half_open, a_handshake_that_stalls_anywhere_ends_with_its_time) {
  const std::array<std::string, 7> beginnings{
      upgrade,                                                // and no frame
      upgrade + std::string("\x82", 1),                       // half a frame's header
      upgrade + std::string("\x82\x94\0\0\0\0\x13/mul", 11),  // half a message
      multistream.substr(0, 5),
      multistream,
      multistream + noise + std::string("\x00", 1),         // half a length
      multistream + noise + std::string("\x00\x20half", 6)  // half a message
  };
  relay::settings config = quick_relay();
  config.time.head = config.time.idle = 30s;
  furnish({}, config);
  config.time.handshake = 60ms;
  relay_place short_of_time(loop, std::move(config), ++seed_);
  for (std::size_t i = 0; i < beginnings.size(); ++i) {
    raw_client one(loop, short_of_time.port());
    one.send(beginnings[i]);
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(one.closed()) << i;
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s) << i;
    EXPECT_EQ(short_of_time.metric(failed), static_cast<std::int64_t>(i + 1));
  }
  EXPECT_TRUE(still_works());
}

TEST_F(half_open, more_than_allowed_are_refused_and_what_is_established_works_on) {
  relay::settings config = quick_relay();
  config.unregistered_max = 2;
  furnish({}, std::move(config));
  {
    raw_client one(loop, relay_->port()), two(loop, relay_->port());
    one.send(multistream);
    two.send(upgrade);
    ASSERT_TRUE(one.read_until("multistream"));
    ASSERT_TRUE(two.read_until("\r\n\r\n"));
    raw_client raw(loop, relay_->port()), web(loop, relay_->port());
    raw.send(multistream);
    EXPECT_TRUE(raw.closed());
    EXPECT_TRUE(raw.input().empty());
    web.send(upgrade);
    const raw_answer answer = web.answer();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "too_many_connections");
    EXPECT_TRUE(answer.fields.find("retry-after"));
    EXPECT_TRUE(web.closed());
    EXPECT_EQ(relay_->metric(refused), 2);
    EXPECT_TRUE(still_works());
  }
  ASSERT_TRUE(until([&] { return relay_->metric(failed) == 2; })) << "both left";
  add_node({.identity = 2});
  EXPECT_EQ(relay_->nodes(), 2U);
}

TEST_F(half_open, a_session_without_a_record_ends_with_its_time_and_one_with_a_record_stays) {
  relay::settings config = quick_relay();
  config.time.link_register = 200ms;
  furnish({}, std::move(config));
  raw_node silent(loop, relay_->url(), ++seed_), busy(loop, relay_->url(), ++seed_);
  raw_node left(loop, relay_->url(), ++seed_), expiring(loop, relay_->url(), ++seed_);
  EXPECT_EQ(left.put(left.record(1)), 200);
  EXPECT_EQ(expiring.put(expiring.record(1)), 200);
  EXPECT_EQ(busy.control("GET", "/elsewhere", ""), 404) << "until then it is served";
  EXPECT_TRUE(until([&] { return silent.ended() && busy.ended(); }, 5s));
  EXPECT_FALSE(left.ended() || expiring.ended());
  EXPECT_EQ(left.control("DELETE", raw_node::path_of(left.peer()), ""), 200);
  EXPECT_TRUE(until([&] { return left.ended(); }, 5s));
  EXPECT_EQ(relay_->nodes(), 2U);
  relay_->own.clock.shift(2h - 1min);  // past the stranger's record, not past our node's
  EXPECT_TRUE(until([&] { return expiring.ended(); }, 5s));
  EXPECT_TRUE(first().serving());
}

TEST_F(half_open, sessions_without_a_record_count_until_they_have_one) {
  relay::settings config = quick_relay();
  config.unregistered_max = 1;
  furnish({}, std::move(config));
  raw_node one(loop, relay_->url(), ++seed_);
  raw_client web(loop, relay_->port());
  web.send(upgrade);
  EXPECT_EQ(web.answer().code(), "too_many_connections");
  EXPECT_EQ(one.put(one.record(1)), 200);
  raw_client again(loop, relay_->port());
  again.send(upgrade);
  EXPECT_TRUE(again.read_until("101 Switching"));
}

TEST_F(half_open, nodes_behind_a_trusted_proxy_count_each_for_itself) {
  relay::settings config = quick_relay();
  config.unregistered_per_address_max = 1;
  const std::vector<std::string> here{"127.0.0.1"};
  config.rates.proxies = *relaycore::trusted_proxies::parse(here);
  open_relay(std::move(config));
  const auto from = [](const std::string& address) {
    return upgrade.substr(0, upgrade.size() - 2) + "X-Forwarded-For: " + address + "\r\n\r\n";
  };
  raw_client one(loop, relay_->port()), again(loop, relay_->port()), other(loop, relay_->port());
  one.send(from("192.0.2.1"));
  ASSERT_TRUE(one.read_until("101 Switching"));
  again.send(from("192.0.2.1"));
  EXPECT_EQ(again.answer().code(), "too_many_connections");
  other.send(from("192.0.2.2"));
  EXPECT_TRUE(other.read_until("101 Switching"));
}

TEST_F(half_open, a_relay_counts_what_its_links_do) {
  furnish();
  EXPECT_EQ(relay_->metric("token_place_link_handshakes_total{outcome=\"completed\"}"), 1);
  EXPECT_EQ(first().own.metric("token_place_link_handshakes_total{outcome=\"completed\"}"), 1);
  const std::int64_t before = relay_->metric("token_place_link_bytes_total{direction=\"in\"}");
  EXPECT_GT(before, 0);
  EXPECT_TRUE(still_works());
  EXPECT_GT(relay_->metric("token_place_link_bytes_total{direction=\"in\"}"), before);
  EXPECT_GT(relay_->metric("token_place_link_frames_total{direction=\"out\"}"), 0);
  EXPECT_TRUE(until([&] { return relay_->metric("token_place_link_streams") == 0; }));
}

}  // namespace
}  // namespace tp::scenario
