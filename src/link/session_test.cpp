#include "link/session.hpp"

#include "link/session_fixture.hpp"

namespace tp::link {
namespace {

using session_test = session_pair;
using namespace std::chrono_literals;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

// Writes all of `data`, going on in on_writable, then finishes.
void pump(recorder& to, std::string data) {
  auto rest = std::make_shared<std::string>(std::move(data));
  auto step = [&to, rest] {
    const std::size_t taken = to.on->write(to.id, as_bytes(*rest));
    rest->erase(0, taken);
    if (rest->empty()) to.on->finish(to.id);
  };
  to.on_writable_hook = step;
  step();
}

TEST_F(session_test, both_ends_learn_the_proven_identity_of_the_other) {
  expected = codec::peer_id::from_public_key(listener_key.public_key());
  ASSERT_TRUE(connect());
  EXPECT_EQ(dialer->remote(), codec::peer_id::from_public_key(listener_key.public_key()));
  EXPECT_EQ(listener->remote(), codec::peer_id::from_public_key(dialer_key.public_key()));
}

TEST_F(session_test, a_dialer_refuses_another_peer_than_the_expected_one) {
  expected = codec::peer_id::from_public_key(dialer_key.public_key());
  EXPECT_FALSE(connect());
  EXPECT_EQ(dial_error, errc::peer_id_mismatch);
}

TEST_F(session_test, a_silent_peer_costs_the_handshake_its_deadline) {
  handshake_time = 30ms;
  async::memory_stream_settings silent;
  silent.stall_after = 0;
  EXPECT_FALSE(connect(silent, silent));
  spin_until([this] { return dial_error != errc::ok; });
  EXPECT_EQ(dial_error, errc::deadline_exceeded);
}

TEST_F(session_test, what_crosses_is_counted_the_same_at_both_ends) {
  ASSERT_TRUE(connect({}, {}, {.count = &counted}));
  EXPECT_EQ(counted.handshakes_completed.value(), 2U);
  EXPECT_EQ(counted.handshakes_failed.value(), 0U);
  accept_into_recorders("/http/1.1");
  const std::uint64_t frames = counted.frames_out.value() - counted.frames_in.value();
  const std::uint64_t bytes_before = counted.bytes_out.value() - counted.bytes_in.value();
  const std::uint64_t came = counted.frames_in.value();
  recorder ours;
  open(ours, std::string(200'000, 'x'), fin::yes);
  EXPECT_TRUE(spin_until([&] { return !accepted.empty() && accepted.front()->fin_seen; }));
  EXPECT_TRUE(spin_until([&] { return counted.frames_out.value() - counted.frames_in.value() == frames; }));
  EXPECT_EQ(counted.bytes_out.value() - counted.bytes_in.value(), bytes_before);
  EXPECT_GE(counted.frames_in.value() - came, 4U) << "200,000 bytes do not fit into three";
  EXPECT_EQ(counted.pings.value(), 0U);
}

// On a busy machine the last message of the handshake and the first requests come in one read.
TEST_F(session_test, what_came_with_the_end_of_the_handshake_is_answered_at_once) {
  async::memory_stream_settings held;
  held.mode = async::delivery::manual;
  begin(held, {});
  while (loop.poll() > 0 && !dialer) dialer_wire->pump();
  ASSERT_TRUE(dialer);
  ASSERT_FALSE(listener) << "the end of the handshake is still on its way";
  recorder ours;
  open(ours, "", fin::no, "/ipfs/id/1.0.0");
  while (loop.poll() > 0) continue;
  dialer_wire->pump();
  const auto told = [&] { return ours.fin_seen; };
  EXPECT_TRUE(spin_until(told, 2s)) << "long before the first ping";
}

TEST_F(session_test, pings_are_counted) {
  ASSERT_TRUE(connect({}, {}, {.ping_interval = 5ms, .count = &counted}));
  EXPECT_TRUE(spin_until([&] { return counted.pings.value() >= 4; }));
}

TEST_F(session_test, a_failed_handshake_is_counted) {
  expected = codec::peer_id::from_public_key(dialer_key.public_key());
  EXPECT_FALSE(connect({}, {}, {.count = &counted}));
  EXPECT_TRUE(spin_until([&] { return counted.handshakes_failed.value() == 2; }));
  EXPECT_EQ(counted.handshakes_completed.value(), 0U);
}

TEST_F(session_test, a_request_and_its_answer_cross_one_stream) {
  ASSERT_TRUE(connect());
  accept_into_recorders("/http/1.1");
  on_accept = [](recorder& stream) {
    stream.on_fin_hook = [&stream] {
      EXPECT_EQ(stream.on->write(stream.id, as_bytes("answer")), 6U);
      stream.on->finish(stream.id);
    };
  };
  recorder ours;
  open(ours, "request", fin::yes);
  EXPECT_EQ(dialer->open_streams(), 1U);
  ASSERT_TRUE(spin_until([&] { return ours.fin_seen; }));
  EXPECT_EQ(ours.received, "answer");
  EXPECT_EQ(accepted.at(0)->received, "request");
  EXPECT_EQ(ours.resets + accepted.at(0)->resets, 0);
  EXPECT_EQ(dialer->open_streams(), 0U);
  EXPECT_TRUE(spin_until([&] { return listener->open_streams() == 0; }));
}

TEST_F(session_test, a_protocol_the_peer_lacks_resets_the_stream) {
  ASSERT_TRUE(connect());
  recorder ours;
  open(ours, "hello", fin::no, "/nothing/1.0.0");
  ASSERT_TRUE(spin_until([&] { return ours.resets > 0; }));
  EXPECT_EQ(ours.reason, errc::multistream_rejected);
}

TEST_F(session_test, a_handler_that_returns_nobody_refuses_the_stream) {
  ASSERT_TRUE(connect());
  listener->handle("/http/1.1", [](std::uint32_t) -> stream_events* { return nullptr; });
  recorder ours;
  open(ours, "hello", fin::no);
  ASSERT_TRUE(spin_until([&] { return ours.resets > 0; }));
  EXPECT_EQ(ours.reason, errc::connection_reset);
}

TEST_F(session_test, reset_reaches_the_peer_and_calls_nobody_here) {
  ASSERT_TRUE(connect());
  accept_into_recorders("/http/1.1");
  recorder ours;
  open(ours, "hello", fin::no);
  ASSERT_TRUE(spin_until([&] { return accepted.size() == 1 && accepted[0]->received == "hello"; }));
  dialer->reset(ours.id);
  ASSERT_TRUE(spin_until([&] { return accepted[0]->resets > 0; }));
  EXPECT_EQ(accepted[0]->reason, errc::connection_reset);
  EXPECT_EQ(ours.resets, 0);
}

TEST_F(session_test, bodies_beyond_the_window_flow_as_credit_comes_back) {
  async::memory_stream_settings wire;
  wire.split_seed = 3;
  ASSERT_TRUE(connect(wire, wire));
  accept_into_recorders("/http/1.1");
  on_accept = [](recorder& stream) { stream.on_fin_hook = [&stream] { pump(stream, stream.received); }; };
  const std::string body = pattern(3'000'000);
  recorder ours;
  open(ours, "", fin::no);
  pump(ours, body);
  ASSERT_TRUE(spin_until([&] { return ours.fin_seen; }));
  EXPECT_TRUE(ours.received == body);
  EXPECT_GT(ours.writables, 5);
}

TEST_F(session_test, a_reader_that_gives_no_credit_stops_its_writer_at_the_window) {
  ASSERT_TRUE(connect());
  accept_into_recorders("/http/1.1");
  on_accept = [](recorder& stream) { stream.hold_credit = true; };
  recorder ours;
  open(ours, "", fin::no);
  pump(ours, pattern(1'000'000));
  ASSERT_TRUE(spin_until([&] { return !accepted.empty() && accepted[0]->received.size() > 262'000; }));
  const std::size_t negotiation = 31;
  EXPECT_EQ(accepted[0]->received.size(), limits::yamux_window - negotiation);
  EXPECT_EQ(dialer->send_window(ours.id), 0U);
  accepted[0]->hold_credit = false;
  listener->consumed(accepted[0]->id, accepted[0]->received.size());
  ASSERT_TRUE(spin_until([&] { return accepted[0]->fin_seen; }));
  EXPECT_EQ(accepted[0]->received.size(), 1'000'000U);
}

TEST_F(session_test, many_streams_at_once_keep_their_bytes_apart) {
  ASSERT_TRUE(connect());
  accept_into_recorders("/http/1.1");
  on_accept = [](recorder& stream) { stream.on_fin_hook = [&stream] { pump(stream, stream.received); }; };
  std::vector<std::unique_ptr<recorder>> ours;
  for (int i = 0; i < 200; ++i) {
    ours.push_back(std::make_unique<recorder>());
    open(*ours.back(), std::to_string(i), fin::no);
    pump(*ours.back(), pattern(static_cast<std::size_t>(i) * 50));
  }
  ASSERT_TRUE(spin_until([&] { return std::ranges::all_of(ours, [](auto& s) { return s->fin_seen; }); }));
  for (std::size_t i = 0; i < ours.size(); ++i)
    EXPECT_TRUE(ours[i]->received == std::to_string(i) + pattern(i * 50)) << i;
}

TEST_F(session_test, frames_of_one_turn_leave_in_one_write) {
  ASSERT_TRUE(connect());
  accept_into_recorders("/http/1.1");
  recorder first, second, third;
  const auto before = dialer_wire->written();
  open(first, "one", fin::yes);
  open(second, "two", fin::yes);
  open(third, "three", fin::yes);
  EXPECT_EQ(dialer_wire->written(), before);
  ASSERT_TRUE(spin_until([&] { return accepted.size() == 3; }));
  const std::size_t heads = 3 * 2 * 12, negotiation = 3 * 31, bodies = 3 + 3 + 5, noise = 2 + 16;
  EXPECT_EQ(dialer_wire->written() - before, heads + negotiation + bodies + noise);
}

TEST_F(session_test, a_batch_on_a_quiet_session_leaves_at_once) {
  ASSERT_TRUE(connect());
  accept_into_recorders("/http/1.1");
  recorder ours;
  open(ours, "one", fin::no);
  ASSERT_TRUE(spin_until([&] { return accepted.size() == 1; }));
  const auto before = dialer_wire->written();
  {
    const session::batch hold(*dialer);
    dialer->write(ours.id, as_bytes("two"));
    dialer->write(ours.id, as_bytes("three"));
    dialer->finish(ours.id);
    EXPECT_EQ(dialer_wire->written(), before);
  }
  EXPECT_EQ(dialer_wire->written() - before,
            12U + 8U + 12U + 18U);  // one data frame, one FIN, one Noise message
  ASSERT_TRUE(spin_until([&] { return accepted[0]->fin_seen; }));
  EXPECT_EQ(accepted[0]->received, "onetwothree");
}

TEST_F(session_test, moderated_pieces_wait_and_travel_with_urgent_ones) {
  session_settings settings;
  settings.event_moderation = 10s;
  ASSERT_TRUE(connect({}, {}, settings));
  accept_into_recorders("/http/1.1");
  recorder ours;
  open(ours, "first", fin::no);
  ASSERT_TRUE(spin_until([&] { return accepted.size() == 1; }));
  dialer->write(ours.id, as_bytes("middle"));
  spin_until([] { return false; }, 50ms);
  EXPECT_EQ(accepted[0]->received, "first");
  dialer->finish(ours.id);
  ASSERT_TRUE(spin_until([&] { return accepted[0]->fin_seen; }));
  EXPECT_EQ(accepted[0]->received, "firstmiddle");
}

TEST_F(session_test, callbacks_may_reset_or_finish_their_own_stream) {
  ASSERT_TRUE(connect());
  accept_into_recorders("/http/1.1");
  int number = 0;
  on_accept = [&number](recorder& stream) {
    const bool resets = number++ % 2 == 0;
    stream.on_data_hook = [&stream, resets] {
      if (resets) stream.on->reset(stream.id);
      if (!resets) stream.on->finish(stream.id);
    };
  };
  recorder first, second;
  open(first, pattern(100'000), fin::no);
  open(second, "x", fin::yes);
  ASSERT_TRUE(spin_until([&] { return first.resets == 1 && second.fin_seen; }));
  EXPECT_EQ(first.reason, errc::connection_reset);
}

TEST_F(session_test, a_callback_may_close_the_session) {
  ASSERT_TRUE(connect());
  accept_into_recorders("/http/1.1");
  on_accept = [](recorder& stream) { stream.on_data_hook = [&stream] { stream.on->close(); }; };
  recorder ours;
  open(ours, pattern(100'000), fin::no);
  ASSERT_TRUE(spin_until([&] { return ends == 2; }));
  EXPECT_EQ(listen_end, errc::ok);
  EXPECT_EQ(dial_end, errc::ok);
  EXPECT_EQ(accepted[0]->reason, errc::shutting_down);
  EXPECT_EQ(ours.resets, 1);
  EXPECT_FALSE(dialer->open("/http/1.1", {}, {}, fin::no, ours).has_value());
}

TEST_F(session_test, close_sends_what_was_queued_first) {
  ASSERT_TRUE(connect());
  accept_into_recorders("/http/1.1");
  recorder ours;
  open(ours, "last words", fin::yes);
  dialer->close();
  EXPECT_TRUE(dialer->ended());
  ASSERT_TRUE(spin_until([&] { return ends == 2; }));
  ASSERT_EQ(accepted.size(), 1U);
  EXPECT_EQ(accepted[0]->received, "last words");
}

TEST_F(session_test, a_cut_connection_ends_every_stream_on_both_sides) {
  ASSERT_TRUE(connect());
  accept_into_recorders("/http/1.1");
  recorder ours;
  open(ours, "hello", fin::no);
  ASSERT_TRUE(spin_until([&] { return accepted.size() == 1; }));
  dialer_wire->reset();
  ASSERT_TRUE(spin_until([&] { return ends == 2; }));
  EXPECT_EQ(ours.resets, 1);
  EXPECT_EQ(accepted[0]->resets, 1);
  EXPECT_NE(dial_end, errc::ok);
  EXPECT_NE(listen_end, errc::ok);
}

TEST_F(session_test, cancelling_run_ends_streams_and_leaves_nothing_running) {
  ASSERT_TRUE(connect());
  accept_into_recorders("/http/1.1");
  recorder ours;
  open(ours, "hello", fin::no);
  ASSERT_TRUE(spin_until([&] { return accepted.size() == 1; }));
  stop();
  EXPECT_EQ(scope.live(), 0U);
  EXPECT_EQ(ours.reason, errc::cancelled);
  EXPECT_EQ(dial_end, errc::cancelled);
}

TEST_F(session_test, pings_keep_an_idle_session_and_silence_ends_it) {
  session_settings settings;
  settings.ping_interval = 20ms;
  settings.silence_max = 1s;  // longer than a busy machine ever keeps this process from running
  ASSERT_TRUE(connect({}, {}, settings));
  spin_until([] { return false; }, 1'500ms);
  EXPECT_EQ(ends, 0);
  EXPECT_EQ(dialer->open_streams(), 0U);
  dialer_wire->stall();
  listener_wire->stall();
  ASSERT_TRUE(spin_until([&] { return ends == 2; }));
  EXPECT_EQ(dial_end, errc::stalled);
  EXPECT_EQ(listen_end, errc::stalled);
}

TEST_F(session_test, a_transport_that_takes_nothing_stops_writers_and_later_frees_them) {
  async::memory_stream_settings slow;
  slow.mode = async::delivery::immediate;
  slow.capacity_bytes = 1'000;
  ASSERT_TRUE(connect(slow));
  accept_into_recorders("/http/1.1");
  std::vector<std::unique_ptr<recorder>> ours;
  std::size_t written = 0;
  for (int i = 0; i < 20; ++i) {
    ours.push_back(std::make_unique<recorder>());
    open(*ours.back(), "", fin::no);
    const std::string body = pattern(200'000);
    const std::size_t taken = dialer->write(ours.back()->id, as_bytes(body));
    written += taken;
    ours.back()->on_writable_hook = [&, s = ours.back().get(), rest = body.substr(taken)]() mutable {
      rest.erase(0, dialer->write(s->id, as_bytes(rest)));
      if (rest.empty()) dialer->finish(s->id);
    };
    if (taken == body.size()) dialer->finish(ours.back()->id);
  }
  EXPECT_LT(written, limits::link_backlog_bytes_max / 2);
  ASSERT_TRUE(spin_until([&] {
    return accepted.size() == 20 && std::ranges::all_of(accepted, [](auto& s) { return s->fin_seen; });
  }));
  for (auto& stream : accepted) EXPECT_EQ(stream->received.size(), 200'000U);
}

}  // namespace
}  // namespace tp::link
