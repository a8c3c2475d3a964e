#include "libp2p/stream_mux.hpp"

#include <gtest/gtest.h>

#include "codec/varint.hpp"

namespace tp::p2p {
namespace {

struct listener_events : stream_events {
  void on_data(bytes_view piece) override { received.append(as_chars(piece)); }
  void on_fin() override { fin_seen = true; }
  void on_reset(errc why) override { reason = why; }
  std::string received;
  bool fin_seen = false;
  errc reason = errc::ok;
};

// Two machines; what one queues is given to the other by carry().
struct two_machines {
  two_machines() {
    b.handle("/echo/1.0.0", [this](std::uint32_t id) {
      accepted_id = id;
      return &accepted;
    });
  }
  static identify_message about() {
    identify_message message;
    message.agent_version = "test";
    message.public_key = bytes(36, 1);
    return message;
  }
  result<void> carry(frame_buffer& from, stream_mux& to) {
    const bytes frames = from.plaintext();
    from.clear();
    return to.on_bytes(frames);
  }
  void settle() {
    while (!a_out.empty() || !b_out.empty()) {
      EXPECT_TRUE(carry(a_out, b));
      EXPECT_TRUE(carry(b_out, a));
    }
  }
  seeded_random random{1};
  frame_buffer a_out, b_out;
  stream_mux a{role::dialer, about(), a_out, random};
  stream_mux b{role::listener, about(), b_out, random};
  listener_events ours, accepted;
  std::uint32_t accepted_id = 0;
};

TEST(stream_mux, the_answer_to_an_optimistic_peer_waits_for_our_first_bytes) {
  two_machines m;
  const auto id = m.a.open("/echo/1.0.0", as_bytes("hi"), {}, fin::no, m.ours);
  ASSERT_TRUE(id);
  ASSERT_TRUE(m.carry(m.a_out, m.b));
  EXPECT_EQ(m.accepted.received, "hi");
  EXPECT_TRUE(m.b_out.empty());
  EXPECT_EQ(m.b.write(m.accepted_id, as_bytes("yes"), SIZE_MAX), 3U);
  const std::size_t one_frame = yamux_header::size + multistream_proposal("/echo/1.0.0").size() + 3;
  EXPECT_EQ(m.b_out.size(), one_frame);
  m.settle();
  EXPECT_EQ(m.ours.received, "yes");
}

TEST(stream_mux, a_peer_that_waits_is_answered_at_once) {
  two_machines m;
  ASSERT_TRUE(m.a.open("/echo/1.0.0", {}, {}, fin::no, m.ours));
  ASSERT_TRUE(m.carry(m.a_out, m.b));
  EXPECT_EQ(m.b_out.size(), yamux_header::size + multistream_proposal("/echo/1.0.0").size());
}

TEST(stream_mux, deferred_answers_are_bounded) {
  two_machines m;
  std::vector<listener_events> many(limits::answers_deferred_max + 1);
  for (auto& events : many) ASSERT_TRUE(m.a.open("/echo/1.0.0", as_bytes("x"), {}, fin::no, events));
  ASSERT_TRUE(m.carry(m.a_out, m.b));
  EXPECT_FALSE(m.b_out.empty());
}

TEST(stream_mux, an_unknown_protocol_is_refused_with_na_and_reported) {
  two_machines m;
  ASSERT_TRUE(m.a.open("/nothing", as_bytes("x"), {}, fin::no, m.ours));
  m.settle();
  EXPECT_EQ(m.ours.reason, errc::multistream_rejected);
  EXPECT_EQ(m.a.open_streams(), 0U);
}

TEST(stream_mux, identify_says_key_agent_and_protocols) {
  two_machines m;
  ASSERT_TRUE(m.a.open(identify_protocol, {}, {}, fin::no, m.ours));
  m.settle();
  EXPECT_TRUE(m.ours.fin_seen);
  const auto length = codec::read_uvarint(as_bytes(m.ours.received));
  ASSERT_TRUE(length);
  const auto parsed = parse_identify(as_bytes(m.ours.received).subspan(length->size));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(length->value + length->size, m.ours.received.size());
  EXPECT_EQ(parsed->agent_version, "test");
  EXPECT_EQ(parsed->public_key, bytes(36, 1));
  EXPECT_EQ(parsed->protocols,
            (std::vector<std::string>{"/ipfs/id/1.0.0", "/ipfs/ping/1.0.0", "/echo/1.0.0"}));
}

TEST(stream_mux, ping_streams_echo_and_end_with_the_peers_end) {
  two_machines m;
  const auto id = m.a.open(ping_protocol, as_bytes(std::string(64, 'p')), {}, fin::no, m.ours);
  ASSERT_TRUE(id);
  m.settle();
  EXPECT_EQ(m.ours.received, std::string(64, 'p'));
  m.a.finish(*id);
  m.settle();
  EXPECT_TRUE(m.ours.fin_seen);
  EXPECT_EQ(m.a.open_streams() + m.b.open_streams(), 0U);
}

TEST(stream_mux, a_third_ping_stream_is_reset) {
  two_machines m;
  listener_events first, second, third;
  for (auto* events : {&first, &second, &third})
    ASSERT_TRUE(m.a.open(ping_protocol, as_bytes(std::string(32, 'p')), {}, fin::no, *events));
  m.settle();
  EXPECT_EQ(first.received.size() + second.received.size(), 64U);
  EXPECT_EQ(third.reason, errc::connection_reset);
}

TEST(stream_mux, our_ping_is_answered_and_leaves_no_stream) {
  two_machines m;
  m.a.ping();
  const std::size_t asked = m.a_out.size();
  m.a.ping();
  EXPECT_EQ(m.a_out.size(), asked);  // one at a time
  m.settle();
  m.a.ping();
  EXPECT_FALSE(m.a_out.empty());
  EXPECT_EQ(m.a.open_streams(), 0U);
}

TEST(stream_mux, a_session_with_many_streams_is_not_quiet_and_calms_down) {
  two_machines m;
  std::vector<listener_events> many(10);
  for (auto& events : many) ASSERT_TRUE(m.a.open("/echo/1.0.0", {}, {}, fin::no, events));
  EXPECT_FALSE(m.a.quiet());
  for (std::uint32_t id = 1; id < 20; id += 2) m.a.reset(id);
  EXPECT_FALSE(m.a.quiet());
  for (int i = 0; i < 200; ++i) {
    const auto id = m.a.open("/echo/1.0.0", {}, {}, fin::no, m.ours);
    ASSERT_TRUE(id);
    m.a.reset(*id);
  }
  EXPECT_TRUE(m.a.quiet());
}

TEST(stream_mux, after_go_away_nothing_is_opened) {
  two_machines m;
  m.b.go_away();
  m.settle();
  EXPECT_FALSE(m.a.open("/echo/1.0.0", {}, {}, fin::no, m.ours));
}

TEST(identify, refuses_what_is_too_large_or_has_too_many_entries) {
  EXPECT_EQ(to_errc(parse_identify(bytes(limits::identify_bytes_max + 1)).error()), errc::too_large);
  bytes many;
  for (std::size_t i = 0; i <= limits::identify_entries_max; ++i)
    append(many, bytes_view(bytes{0x1a, 1, 'x'}));
  EXPECT_EQ(to_errc(parse_identify(many).error()), errc::too_many);
}

}  // namespace
}  // namespace tp::p2p
