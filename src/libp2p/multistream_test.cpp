#include "libp2p/multistream.hpp"

#include <gtest/gtest.h>

#include <array>

#include "base/limits.hpp"

namespace tp::p2p {
namespace {

const std::array<std::string, 2> offered{"/http/1.1", "/ipfs/ping/1.0.0"};
const std::string header("\x13/multistream/1.0.0\n");

struct listener_case {
  std::string name;
  std::string input;
  std::string answer;
  int accepted = -1;  // index, -1 = none, -2 = rejected
  std::string rest;   // bytes after the accepted proposal
};

std::string message(std::string_view text) {
  return std::string(1, static_cast<char>(text.size() + 1)) + std::string(text) + "\n";
}

class listener_test : public ::testing::TestWithParam<listener_case> {};

TEST_P(listener_test, answers_in_one_piece_and_byte_by_byte) {
  const listener_case& given = GetParam();
  for (const std::size_t piece : {given.input.size(), std::size_t{1}}) {
    multistream_listener machine;
    bytes answer;
    int accepted = -1;
    std::size_t used = 0;
    while (used < given.input.size() && accepted == -1) {
      const auto input =
          as_bytes(given.input).subspan(used).first(std::min(piece, given.input.size() - used));
      const auto step = machine.on_bytes(input, offered, answer);
      if (!step) {
        EXPECT_EQ(step.error(), make_error_code(errc::multistream_rejected));
        accepted = -2;
        break;
      }
      used += step->used;
      if (step->accepted) accepted = static_cast<int>(*step->accepted);
    }
    EXPECT_EQ(accepted, given.accepted);
    if (accepted != -2) {
      EXPECT_EQ(as_chars(answer), given.answer);
      EXPECT_EQ(given.input.substr(used), given.rest);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    multistream, listener_test,
    ::testing::Values(
        listener_case{"accepts", header + message("/http/1.1"), header + message("/http/1.1"), 0, ""},
        listener_case{"leaves_data", header + message("/http/1.1") + "GET", header + message("/http/1.1"), 0,
                      "GET"},
        listener_case{"na_then_accepts", header + message("/x") + message("/ipfs/ping/1.0.0"),
                      header + message("na") + message("/ipfs/ping/1.0.0"), 1, ""},
        listener_case{"lists", header + message("ls"),
                      header + "\x1e" + message("/http/1.1") + message("/ipfs/ping/1.0.0") + "\n", -1, ""},
        listener_case{"no_header", message("/http/1.1"), "", -2, ""},
        listener_case{"no_newline",
                      "\x03"
                      "abc",
                      "", -2, ""},
        listener_case{"empty_message", std::string(1, '\0'), "", -2, ""},
        listener_case{"too_long", "\x81\x08", "", -2, ""},
        listener_case{"length_never_ends", "\xff\xff\xff", "", -2, ""}),
    [](const auto& info) { return info.param.name; });

TEST(multistream_listener, gives_up_after_too_many_proposals) {
  multistream_listener machine;
  bytes answer;
  EXPECT_TRUE(machine.on_bytes(as_bytes(header), offered, answer));
  for (std::size_t i = 0; i < limits::multistream_tries_max; ++i)
    EXPECT_TRUE(machine.on_bytes(as_bytes(message("/x")), offered, answer));
  EXPECT_FALSE(machine.on_bytes(as_bytes(message("/x")), offered, answer));
}

TEST(multistream_initiator, takes_the_answer_and_leaves_the_data) {
  const bytes proposal = multistream_proposal("/http/1.1");
  EXPECT_EQ(as_chars(proposal), header + message("/http/1.1"));
  multistream_initiator machine(proposal);
  EXPECT_EQ(*machine.on_bytes(bytes_view(proposal).first(5)), 5U);
  EXPECT_FALSE(machine.accepted());
  bytes rest = to_bytes(bytes_view(proposal).subspan(5));
  append(rest, "data");
  EXPECT_EQ(*machine.on_bytes(rest), rest.size() - 4);
  EXPECT_TRUE(machine.accepted());
}

TEST(multistream_initiator, takes_na_for_a_refusal) {
  const bytes proposal = multistream_proposal("/http/1.1");
  multistream_initiator machine(proposal);
  EXPECT_FALSE(machine.on_bytes(as_bytes(header + message("na"))));
}

}  // namespace
}  // namespace tp::p2p
