// Relays that lie, hang or flood: what a node spends on them is bounded.
#include <algorithm>

#include "scenario/raw_relay.hpp"

namespace tp::scenario {
namespace {

constexpr std::string_view half_an_envelope =
    "POST /ohttp HTTP/1.1\r\nHost: node\r\nContent-Type: message/ohttp-chunked-req\r\n"
    "Content-Length: 8388608\r\n\r\nabc";

class hostile_relays : public house {
 protected:
  std::size_t waiting(const raw_relay& on) const {
    return static_cast<std::size_t>(std::count_if(
        on.calls.begin(), on.calls.end(), [](const auto& one) { return !one.over && one.said.empty(); }));
  }
  raw_relay liar{loop, 7};
};

TEST_F(hostile_relays, envelopes_begun_and_never_ended_are_refused_above_slots_and_queue) {
  nodes_.emplace_back(loop, node_plan{.concurrency = 2, .queue = 3}, liar.url(), ++seed_);
  ASSERT_TRUE(until([&] { return liar.records() == 1; }));
  for (int i = 0; i < 200; ++i) liar.begin(half_an_envelope);
  EXPECT_TRUE(until([&] { return waiting(liar) == 5; }, 5s)) << waiting(liar);
  std::size_t told = 0;
  for (const raw_relay::call& one : liar.calls) {
    const bool busy = one.said.starts_with("HTTP/1.1 503 ");
    EXPECT_TRUE(busy || one.said.empty());
    told += busy;
    if (busy) EXPECT_NE(one.said.find("\r\nRetry-After: "), std::string::npos);
  }
  EXPECT_GT(told, std::size_t{0}) << "the first ones are told so, and not only reset";
  for (raw_relay::call& one : liar.calls) {
    if (!one.over) one.stream->reset();
  }
  ASSERT_TRUE(until([&] { return waiting(liar) == 0; }));
  bool read = false;
  for (int tries = 0; tries < 50 && !read; ++tries) {
    const raw_relay::call& next = liar.begin(
        "POST /ohttp HTTP/1.1\r\nHost: node\r\nContent-Type: message/ohttp-chunked-req\r\n"
        "Content-Length: 3\r\n\r\nabc");
    ASSERT_TRUE(until([&] { return next.over || next.said.find("}}") != std::string::npos; }));
    read = next.said.starts_with("HTTP/1.1 400 ");
  }
  EXPECT_TRUE(read) << "what was let go can be used again";
}

TEST_F(hostile_relays, a_node_leaves_in_its_time_although_no_relay_lets_it_go) {
  raw_relay second(loop, 8);
  raw_relay third(loop, 9);
  node_plan plan{};
  plan.more_relays = {second.url(), third.url()};
  plan.time.drain = 200ms;
  nodes_.emplace_back(loop, std::move(plan), liar.url(), ++seed_);
  for (raw_relay* each : {&liar, &second, &third}) each->never_lets_go = true;
  ASSERT_TRUE(until([&] { return first().own.metric("token_place_node_links") == 3; }));
  const auto begun = std::chrono::steady_clock::now();
  first().drain();
  EXPECT_TRUE(until([&] { return first().stopped(); }, 40s));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

}  // namespace
}  // namespace tp::scenario
