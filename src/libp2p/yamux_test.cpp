#include "libp2p/yamux.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace tp::p2p {
namespace {

using yamux_flag::ack, yamux_flag::rst, yamux_flag::syn;
constexpr std::uint16_t end_flag = yamux_flag::fin;

// Writes down what the machine tells, one word an event.
struct script final : yamux_events {
  void on_stream(yamux_stream& s) override { told << "open" << s.id << " "; }
  void on_data(yamux_stream& s, bytes_view piece) override {
    told << "data" << s.id << ":" << piece.size() << " ";
    if (gives_credit) machine->consumed(s, piece.size());
  }
  void on_fin(yamux_stream& s) override { told << "fin" << s.id << " "; }
  void on_reset(yamux_stream& s, errc) override { told << "reset" << s.id << " "; }
  void on_window(yamux_stream& s) override { told << "window" << s.id << ":" << s.send_window << " "; }
  void on_closed(yamux_stream& s) override { told << "closed" << s.id << " "; }
  void on_go_away(std::uint32_t code) override { told << "go_away" << code << " "; }
  yamux* machine = nullptr;
  bool gives_credit = true;
  std::ostringstream told;
};

bytes frame(yamux_type type, unsigned flags, std::uint32_t id, std::uint32_t length, std::size_t body = 0) {
  const auto header = encode({type, static_cast<std::uint16_t>(flags), id, length});
  bytes out(header.begin(), header.end());
  out.resize(out.size() + body, 'x');
  return out;
}
bytes data(unsigned flags, std::uint32_t id, std::size_t size) {
  return frame(yamux_type::data, flags, id, static_cast<std::uint32_t>(size), size);
}
bytes window(unsigned flags, std::uint32_t id, std::uint32_t delta) {
  return frame(yamux_type::window_update, flags, id, delta);
}
bytes joined(std::initializer_list<bytes> frames) {
  bytes out;
  for (const bytes& f : frames) append(out, bytes_view(f));
  return out;
}

struct fixture {
  fixture() { events.machine = &machine; }
  frame_buffer out;
  script events;
  yamux machine{role::listener, out, events};  // the peer's streams are odd
};

struct input_case {
  std::string name;
  bytes input;
  std::string told;
  errc error = errc::ok;
  bytes sent = {};
};

class yamux_input : public ::testing::TestWithParam<input_case> {};

TEST_P(yamux_input, is_told_in_one_piece) {
  fixture f;
  const auto read = f.machine.on_bytes(GetParam().input);
  EXPECT_EQ(read ? errc::ok : to_errc(read.error()), GetParam().error);
  EXPECT_EQ(f.events.told.str(), GetParam().told);
  EXPECT_EQ(f.out.plaintext(), GetParam().sent);
}

const auto window_size = static_cast<std::uint32_t>(limits::yamux_window);

INSTANTIATE_TEST_SUITE_P(
    yamux, yamux_input,
    ::testing::Values(
        input_case{"open_by_window_update", window(syn, 1, 0), "open1 "},
        input_case{"open_with_data_and_fin", data(syn | end_flag, 1, 5), "open1 data1:5 fin1 "},
        input_case{"window_grows", joined({window(syn, 1, 0), window(0, 1, 7)}), "open1 window1:262151 "},
        input_case{"reset", joined({data(syn, 1, 1), window(rst, 1, 0)}), "open1 data1:1 reset1 closed1 "},
        input_case{"opened_and_reset_at_once", window(syn | rst, 1, 0), ""},
        input_case{"data_after_reset_is_skipped",
                   joined({window(syn, 1, 0), window(rst, 1, 0), data(0, 1, 9), window(syn, 3, 0)}),
                   "open1 reset1 closed1 open3 "},
        input_case{"half_a_window_gives_credit", joined({data(syn, 1, limits::yamux_window / 2)}),
                   "open1 data1:131072 ", errc::ok, window(ack, 1, window_size / 2)},
        input_case{"second_fin_is_nothing", joined({data(syn | end_flag, 1, 0), window(end_flag, 1, 0)}),
                   "open1 fin1 "},
        input_case{"ping_is_answered", frame(yamux_type::ping, syn, 0, 77), "", errc::ok,
                   frame(yamux_type::ping, ack, 0, 77)},
        input_case{"unasked_pong_is_nothing", frame(yamux_type::ping, ack, 0, 77), ""},
        input_case{"go_away", frame(yamux_type::go_away, 0, 0, 0), "go_away0 "},
        input_case{"data_after_fin", joined({data(syn | end_flag, 1, 1), data(0, 1, 1)}),
                   "open1 data1:1 fin1 ", errc::yamux_protocol},
        input_case{"beyond_the_window", frame(yamux_type::data, syn, 1, window_size + 1), "open1 ",
                   errc::window_exceeded},
        input_case{"window_overflow", joined({window(syn, 1, 0), window(0, 1, 0xffffffff)}), "open1 ",
                   errc::yamux_protocol},
        input_case{"wrong_parity", window(syn, 2, 0), "", errc::yamux_protocol},
        input_case{"already_open", joined({window(syn, 1, 0), window(syn, 1, 0)}), "open1 ",
                   errc::yamux_protocol},
        input_case{"never_opened_by_us", window(0, 2, 1), "", errc::yamux_protocol},
        input_case{"stream_zero", data(syn, 0, 1), "", errc::yamux_protocol},
        input_case{"ping_without_flags", frame(yamux_type::ping, 0, 0, 1), "", errc::yamux_protocol},
        input_case{"ping_on_a_stream", frame(yamux_type::ping, syn, 1, 1), "", errc::yamux_protocol},
        input_case{"unknown_type", bytes{0, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, "", errc::yamux_protocol},
        input_case{"unknown_version", bytes{1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0}, "", errc::yamux_protocol}),
    [](const auto& info) { return info.param.name; });

TEST(yamux, frames_may_be_split_anywhere) {
  const bytes input = joined({data(syn, 1, 3), window(0, 1, 5), data(end_flag, 1, 2)});
  fixture f;
  for (const std::uint8_t byte : input) ASSERT_TRUE(f.machine.on_bytes({&byte, 1}));
  EXPECT_EQ(f.events.told.str(), "open1 data1:1 data1:1 data1:1 window1:262149 data1:1 data1:1 fin1 ");
}

TEST(yamux, withheld_credit_makes_the_window_run_out) {
  fixture f;
  f.events.gives_credit = false;
  ASSERT_TRUE(f.machine.on_bytes(data(syn, 1, limits::yamux_window)));
  EXPECT_EQ(to_errc(f.machine.on_bytes(data(0, 1, 1)).error()), errc::window_exceeded);
}

TEST(yamux, streams_beyond_the_limit_are_reset) {
  fixture f;
  std::uint32_t id = 1;
  for (std::size_t i = 0; i < limits::yamux_streams_max; ++i, id += 2)
    ASSERT_TRUE(f.machine.on_bytes(window(syn, id, 0)));
  EXPECT_TRUE(f.out.empty());
  ASSERT_TRUE(f.machine.on_bytes(data(syn, id, 10)));
  EXPECT_EQ(f.out.plaintext(), window(rst, id, 0));
  EXPECT_EQ(f.machine.size(), limits::yamux_streams_max);
}

TEST(yamux, opening_sends_data_with_syn_and_a_fin_of_its_own) {
  fixture f;
  const auto opened = f.machine.open({as_bytes("ab"), as_bytes("cd")}, fin::yes);
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->send_window, limits::yamux_window - 4);
  bytes wanted = frame(yamux_type::data, syn, 2, 4);
  append(wanted, "abcd");
  append(wanted, bytes_view(window(end_flag, 2, 0)));
  EXPECT_EQ(f.out.plaintext(), wanted);
}

TEST(yamux, writes_of_one_stream_in_a_row_join_one_frame) {
  fixture f;
  ASSERT_TRUE(f.machine.on_bytes(joined({window(syn, 1, 0), window(syn, 3, 0)})));
  yamux_stream &one = *f.machine.find(1), &three = *f.machine.find(3);
  f.machine.write(one, {as_bytes("ab")}, fin::no);
  f.machine.write(one, {as_bytes("c")}, fin::no);
  f.machine.write(three, {as_bytes("d")}, fin::no);
  f.machine.write(one, {as_bytes("e")}, fin::no);
  bytes wanted = frame(yamux_type::data, ack, 1, 3);
  append(wanted, "abc");
  append(wanted, bytes_view(frame(yamux_type::data, ack, 3, 1)));
  append(wanted, "d");
  append(wanted, bytes_view(frame(yamux_type::data, 0, 1, 1)));
  append(wanted, "e");
  EXPECT_EQ(f.out.plaintext(), wanted);
  f.out.clear();
  f.machine.write(one, {as_bytes("f")}, fin::no);
  EXPECT_EQ(f.out.plaintext().size(), yamux_header::size + 1);
}

TEST(yamux, frames_sent_are_at_most_64_kib) {
  fixture f;
  const bytes large(150'000, 'x');
  ASSERT_TRUE(f.machine.open({large}, fin::no));
  const bytes sent = f.out.plaintext();
  EXPECT_EQ(sent.size(), large.size() + 3 * yamux_header::size);
}

TEST(yamux, both_fins_close_a_stream_and_end_resets_the_others) {
  fixture f;
  ASSERT_TRUE(f.machine.on_bytes(joined({data(syn | end_flag, 1, 0), window(syn, 3, 0)})));
  f.machine.write(*f.machine.find(1), {}, fin::yes);
  EXPECT_EQ(f.machine.find(1), nullptr);
  f.machine.end(errc::connection_closed);
  EXPECT_EQ(f.events.told.str(), "open1 fin1 open3 closed1 reset3 closed3 ");
  EXPECT_FALSE(f.machine.open({as_bytes("x")}, fin::no));
}

}  // namespace
}  // namespace tp::p2p
