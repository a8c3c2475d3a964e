// The node's local port as a libp2p door: the same API, the same key, and bounds on who comes in.
#include <list>

#include "scenario/raw_client.hpp"
#include "scenario/raw_node.hpp"

namespace tp::scenario {
namespace {

const std::string chat_text = R"({"model":"mock-model","messages":[{"role":"user","content":"hi"}]})";
constexpr const char* refused = "token_place_link_handshakes_total{outcome=\"refused\"}";
constexpr const char* failed = "token_place_link_handshakes_total{outcome=\"failed\"}";

std::string upgrade(std::string_view path, std::string_view more = {}) {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nHost: n\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         std::string(more) + "\r\n";
}

class peer_doors : public house {
 protected:
  codec::url local() { return *codec::parse_url("http://127.0.0.1:" + std::to_string(first().port())); }
  raw_node& add_peer() { return peers_.emplace_back(loop, local(), ++seed_); }
  void TearDown() override { peers_.clear(); }
  std::list<raw_node> peers_;
};

TEST_F(peer_doors, a_peer_gets_what_the_local_api_serves) {
  furnish();
  raw_node& peer = add_peer();
  EXPECT_EQ(peer.remote(), first().peer());
  std::string text;
  EXPECT_EQ(peer.control("GET", "/v1/models", "", &text), 200);
  EXPECT_NE(text.find("mock-model"), std::string::npos);
  EXPECT_EQ(peer.control("POST", "/v1/chat/completions", chat_text, &text), 200);
  EXPECT_NE(text.find("chat.completion"), std::string::npos);
  EXPECT_EQ(peer.control("GET", "/health", ""), 200);
  EXPECT_EQ(peer.control("GET", "/nothing", ""), 404);
  EXPECT_EQ(peer.control("POST", "/ohttp", "x"), 404) << "that door is the relays'";
  EXPECT_EQ(first().own.metric("token_place_node_peers"), 1);
  peer.end_session();
  EXPECT_TRUE(until([&] { return first().own.metric("token_place_node_peers") == 0; }));
  EXPECT_TRUE(still_works());
}

TEST_F(peer_doors, the_key_is_demanded_there_too) {
  furnish({.api_key = "a-key"});
  raw_node& peer = add_peer();
  EXPECT_EQ(peer.control("GET", "/v1/models", ""), 401);
  peer.authorization = "Bearer a-key";
  EXPECT_EQ(peer.control("GET", "/v1/models", ""), 200);
}

TEST_F(peer_doors, a_web_page_comes_in_only_where_a_key_is_demanded) {
  furnish();
  add_node({.identity = 2, .api_key = "a-key"});
  raw_client page(loop, first().port());
  page.send(upgrade("/", "Origin: https://page.example\r\n"));
  EXPECT_EQ(page.answer().status, 403);
  raw_client other(loop, nodes_.back().port());
  other.send(upgrade("/", "Origin: https://page.example\r\n"));
  EXPECT_TRUE(other.read_until("HTTP/1.1 101 "));
}

TEST_F(peer_doors, other_requests_and_paths_are_answered_as_ever) {
  furnish();
  raw_client one(loop, first().port());
  one.send(std::string("GET / HTTP/1.1\r\nHost: n\r\n\r\n"));
  EXPECT_EQ(one.answer().status, 200);
  one.send(upgrade("/health"));
  EXPECT_EQ(one.answer().status, 200);
  one.send(upgrade("/p2p"));  // not the connection's first request
  EXPECT_TRUE(one.read_until("HTTP/1.1 101 "));
}

TEST_F(peer_doors, handshakes_are_bounded_in_number_and_time) {
  node_plan plan{};
  plan.time.handshake = 300ms;
  furnish(std::move(plan));
  std::list<raw_client> silent;
  for (std::size_t i = 0; i < limits::node_peer_handshakes_max; ++i) {
    silent.emplace_back(loop, first().port()).send(upgrade("/p2p"));
    ASSERT_TRUE(silent.back().read_until("HTTP/1.1 101 ")) << i;
  }
  raw_client more(loop, first().port());
  more.send(upgrade("/p2p"));
  const raw_answer answer = more.answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "too_many_connections");
  EXPECT_TRUE(answer.fields.find("retry-after"));
  EXPECT_EQ(first().own.metric(refused), 1);
  const auto all = static_cast<std::int64_t>(limits::node_peer_handshakes_max);
  EXPECT_TRUE(until([&] { return first().own.metric(failed) == all; }, 5s));
  EXPECT_EQ(add_peer().control("GET", "/v1/models", ""), 200);
}

TEST_F(peer_doors, sessions_and_handshakes_end_when_the_node_leaves) {
  furnish();
  raw_node& peer = add_peer();
  raw_client half_way(loop, first().port());
  half_way.send(upgrade("/p2p"));
  ASSERT_TRUE(half_way.read_until("HTTP/1.1 101 "));
  EXPECT_EQ(peer.control("GET", "/v1/models", ""), 200);
  first().drain();
  EXPECT_TRUE(until([&] { return first().stopped(); }, 2s));
  EXPECT_TRUE(until([&] { return peer.ended(); }));
}

}  // namespace
}  // namespace tp::scenario
