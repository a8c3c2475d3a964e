// A peer with a proven identity that then breaks Yamux: its session ends, and nobody else notices.
#include "libp2p/multistream.hpp"
#include "scenario/raw_peer.hpp"

namespace tp::scenario {
namespace {

using p2p::yamux_type;
namespace flag = p2p::yamux_flag;

constexpr std::uint32_t window = limits::yamux_window;

// Streams in the eyes of the stranger: one it may open, and the first that the other side may.
struct parity {
  std::uint32_t own;
  std::uint32_t others;
};
constexpr parity dialer{1, 2}, listener{2, 1};

std::string request_head() {
  const bytes proposal = p2p::multistream_proposal("/http/1.1");
  return std::string(as_chars(proposal)) + "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n";
}

struct breach {
  const char* what;
  frames sent;
};

std::vector<breach> breaches(parity id) {
  const std::string head = request_head();
  const auto opened = [&] { return frames().data(flag::syn, id.own, head); };
  const auto rest = [&](std::uint32_t size) { return size - static_cast<std::uint32_t>(head.size()); };
  const auto raw = [](std::uint8_t version, std::uint8_t type) {
    const char header[12] = {static_cast<char>(version), static_cast<char>(type)};
    return frames().raw(std::string_view(header, sizeof header));
  };
  return {
      {"an unknown version", raw(1, 2)},
      {"an unknown type", raw(0, 4)},
      {"an unknown type later", opened().add(static_cast<yamux_type>(0xff), 0, id.own, 0)},
      {"data of no stream", frames().data(0, 0, "x")},
      {"credit of no stream", frames().add(yamux_type::window_update, 0, 0, 1)},
      {"a stream of the other side's numbers", frames().data(flag::syn, id.others + 100, head)},
      {"a stream that the other side never opened", frames().data(0, id.others + 100, "x")},
      {"the same stream twice", opened().data(flag::syn, id.own, head)},
      {"data after its end", opened().data(flag::fin, id.own, "x").data(0, id.own, "x")},
      {"a byte over the window", opened().add(yamux_type::data, 0, id.own, rest(window) + 1)},
      {"a byte over the window at once", frames().add(yamux_type::data, flag::syn, id.own, window + 1)},
      {"the longest length", opened().add(yamux_type::data, 0, id.own, 0xffff'ffffU)},
      {"more credit than can be counted", opened()
                                              .add(yamux_type::window_update, 0, id.own, 0xffff'ffffU)
                                              .add(yamux_type::window_update, 0, id.own, 0xffff'ffffU)},
      {"a ping that asks and answers", frames().add(yamux_type::ping, flag::syn | flag::ack, 0, 1)},
      {"a ping that does neither", frames().add(yamux_type::ping, 0, 0, 1)},
      {"a ping on a stream", opened().add(yamux_type::ping, flag::syn, id.own, 1)},
      {"a go-away of a stream", opened().add(yamux_type::go_away, 0, id.own, 0)},
      {"data after a go-away", frames().add(yamux_type::go_away, 0, 0, 0).data(flag::syn, id.own, head)},
      {"a go-away that blames", frames().add(yamux_type::go_away, 0, 0, 2)},
      {"HTTP where frames should be", frames().raw("POST / HTTP/1.1\r\nHost: x\r\n\r\n")},
  };
}

class yamux_breaches : public house {
 protected:
  // A relay, a node and somebody whose answer is under way while others misbehave.
  void furnish_with_witness(node_plan plan = {}) {
    plan.script = R"([{"match":"endless","reply":"one two three","delay_ms_between":60000}])";
    furnish(std::move(plan));
    witness_ = client().start({.says = "endless"});
    ASSERT_TRUE(until([&] { return witness_->pieces == 1; }));
  }
  void expect_unharmed(const char* after) {
    EXPECT_FALSE(witness_->done) << after;
    EXPECT_EQ(relay_->nodes(), 1U) << after;
    EXPECT_TRUE(first().serving()) << after;
  }
  std::unique_ptr<raw_peer> stranger() {
    auto made = raw_peer::dial(loop, relay_->port(), ++seed_);
    EXPECT_TRUE(made->is_open());
    EXPECT_TRUE(until([&] { return links() == 2; }));
    return made;
  }
  std::int64_t links() const { return relay_->metric("token_place_relay_links"); }

  std::shared_ptr<chat> witness_;
};

TEST_F(yamux_breaches, end_the_session_at_the_relay_and_no_other) {
  furnish_with_witness();
  for (const breach& each : breaches(dialer)) {
    const auto peer = stranger();
    peer->send(each.sent);
    EXPECT_TRUE(peer->ended()) << each.what;
    EXPECT_TRUE(until([&] { return links() == 1; })) << each.what;
    expect_unharmed(each.what);
  }
  EXPECT_TRUE(still_works());
}

TEST_F(yamux_breaches, end_the_session_at_the_node_which_serves_its_other_relay) {
  raw_listener bad(loop);
  furnish_with_witness({.more_relays = {bad.url()}});
  for (const breach& each : breaches(listener)) {
    const auto peer = bad.accept(++seed_);  // the node dials again after each
    ASSERT_TRUE(peer) << each.what;
    peer->send(each.sent);
    EXPECT_TRUE(peer->ended()) << each.what;
    expect_unharmed(each.what);
  }
  EXPECT_TRUE(still_works());
}

TEST_F(yamux_breaches, of_noise_end_the_session_too) {
  furnish_with_witness();
  const std::string forged[] = {
      std::string("\x00\x20", 2) + std::string(32, 'x'),      // no valid tag
      std::string("\x00\x00", 2),                             // an empty message
      std::string("\x00\x0f", 2) + std::string(15, 'x'),      // shorter than a tag
      std::string("\xff\xff", 2) + std::string(65'535, 'x'),  // of the largest size
      "\x13/multistream/1.0.0\n" + std::string(20'000, 'x'),  // not sealed at all
  };
  for (const std::string& each : forged) {
    const auto peer = stranger();
    peer->send_unsealed(each);
    EXPECT_TRUE(peer->ended());
    EXPECT_TRUE(until([&] { return links() == 1; }));
    expect_unharmed("forged");
  }
  EXPECT_TRUE(still_works());
}

TEST_F(yamux_breaches, do_not_include_what_the_protocol_lets_pass) {
  furnish_with_witness();
  const auto peer = raw_peer::dial(loop, relay_->port(), ++seed_);
  ASSERT_TRUE(peer->is_open());  // here; what follows travels with the last bytes of the handshake
  frames odd;
  odd.data(0, 77, "of a stream that is no more").data(flag::syn | flag::rst, 1, "").data(0, 1, "x");
  odd.add(yamux_type::ping, flag::ack, 0, 9).add(yamux_type::window_update, flag::fin, 79, 0);
  peer->send(odd);
  peer->send(frames().add(yamux_type::ping, flag::syn, 0, 0x1234'5678U));
  const auto pong = p2p::encode({yamux_type::ping, flag::ack, 0, 0x1234'5678U});
  EXPECT_TRUE(peer->read_until(pong)) << "the session lives and answers";
  expect_unharmed("odd but lawful");
}

TEST_F(yamux_breaches, of_measure_are_bounded_when_pings_come_and_nobody_reads_the_answers) {
  furnish_with_witness();
  const auto peer = stranger();
  frames many;
  for (std::uint32_t i = 0; i < 100'000; ++i) many.add(yamux_type::ping, flag::syn, 0, i);
  // What is unsent stays under the limit: then the relay has enough. The system's buffers take their share
  // first.
  for (int i = 0; i < 40 && links() == 2; ++i) {
    peer->send(many);
    ASSERT_TRUE(until([&] { return links() == 1 || peer->has_sent(); }));
  }
  EXPECT_TRUE(until([&] { return links() == 1; })) << "it is cut off";
  expect_unharmed("a flood of pings");
  EXPECT_TRUE(still_works());
}

TEST_F(yamux_breaches, of_measure_are_bounded_when_streams_are_opened_and_left) {
  furnish_with_witness();
  const auto peer = stranger();
  frames many;
  const auto count = static_cast<std::uint32_t>(limits::yamux_streams_max);
  for (std::uint32_t i = 0; i <= count; ++i) many.add(yamux_type::window_update, flag::syn, 1 + 2 * i, 0);
  peer->send(many);
  const auto refused = p2p::encode({yamux_type::window_update, flag::rst, 1 + 2 * count, 0});
  EXPECT_TRUE(peer->read_until(refused)) << "one too many is reset, and the session lives";
  EXPECT_EQ(links(), 2);
  expect_unharmed("many streams");
  EXPECT_TRUE(still_works());
}

}  // namespace
}  // namespace tp::scenario
