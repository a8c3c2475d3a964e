#include "relaycore/v1_mailbox.hpp"

#include <gtest/gtest.h>

namespace tp::relaycore {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr steady_time start(hours(1'000));
constexpr std::string_view home = "192.0.2.1";  // of a node
constexpr std::string_view elsewhere = "198.51.100.9";

v1_sealed sealed(std::string text, std::size_t size = 4) {
  text.resize(std::max(size, text.size()), '.');
  return {std::move(text), "key", "iv", {}, {}, {}};
}

// A mailbox with a node "N" that polls from home, unless `bare`.
struct house {
  enum class kind { with_node, bare };
  explicit house(kind which = kind::with_node, v1_mailbox::settings with = {})
      : random(1), mailbox(std::move(with), random) {
    if (which == kind::with_node) poll("N");
  }

  errc post(std::string client, std::string text, std::string node = "N",
            std::string_view address = "203.0.113.1", v1_form form = v1_form::whole) {
    const auto done =
        mailbox.post({std::move(node), std::move(client), sealed(std::move(text)), form}, address, now);
    return done ? errc::ok : to_errc(done.error());
  }
  std::vector<v1_work> poll(std::string node, std::string_view origin = home, std::size_t batch = 1) {
    const auto told = mailbox.poll({std::move(node), batch, batch > 1, {}}, origin, now);
    return told ? told->work : std::vector<v1_work>{};
  }
  errc answer(std::string client, std::string text, std::string_view origin = home) {
    const auto done = mailbox.answer({std::move(client), sealed(std::move(text))}, origin, now);
    return done ? errc::ok : to_errc(done.error());
  }
  std::string retrieve(std::string_view client) {
    const auto got = mailbox.retrieve(client, now);
    return got ? got->chat_history : "nothing";
  }
  errc chunk(std::string session, std::string json, std::string_view origin = home,
             v1_end end = v1_end::open) {
    const auto done = mailbox.chunk({std::move(session), std::move(json), end}, origin, now);
    return done ? errc::ok : to_errc(done.error());
  }
  // Time passes with a sweep each second; the nodes named go on polling.
  void pass(seconds time, const std::vector<std::string>& polling = {}) {
    for (seconds each(0); each < time; each += seconds(1)) {
      now += seconds(1);
      for (const std::string& node : polling) mailbox.node_waits(node, home, now);
      mailbox.expire(now);
    }
  }

  seeded_random random;
  v1_mailbox mailbox;
  steady_time now = start;
};

TEST(v1_mailbox, a_client_and_a_polling_node_exchange_a_message) {
  house h;
  EXPECT_EQ(h.mailbox.next_server(h.now), "N");
  EXPECT_EQ(h.retrieve("C"), "nothing");
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  EXPECT_EQ(h.retrieve("C"), "nothing");
  const auto work = h.poll("N");
  ASSERT_EQ(work.size(), 1U);
  EXPECT_EQ(work[0].client_key, "C");
  EXPECT_TRUE(work[0].sealed == sealed("ask!"));
  EXPECT_EQ(work[0].stream_session, "");
  EXPECT_TRUE(h.poll("N").empty()) << "handed out once";
  ASSERT_EQ(h.answer("C", "told"), errc::ok);
  EXPECT_EQ(h.retrieve("C"), "told");
  EXPECT_EQ(h.retrieve("C"), "nothing") << "taken once";
  EXPECT_EQ(h.mailbox.counts().exchanges, 0U);
  EXPECT_EQ(h.mailbox.counts().bytes, 0U);
}

TEST(v1_mailbox, work_is_followed_by_a_quick_poll_not_by_an_idle_node) {
  house h;
  EXPECT_EQ(h.mailbox.poll({"N"}, home, h.now)->next_ping, limits::v1_ping_interval);
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  EXPECT_EQ(h.mailbox.poll({"N"}, home, h.now)->next_ping, limits::v1_ping_after_work);
}

TEST(v1_mailbox, several_answers_of_one_client_queue_instead_of_overwriting) {
  house h;
  for (const char* text : {"ask1", "ask2", "ask3"}) ASSERT_EQ(h.post("C", text), errc::ok);
  EXPECT_EQ(h.poll("N", home, 2).size(), 2U);
  EXPECT_EQ(h.poll("N", home, 2).size(), 1U);
  for (const char* text : {"one.", "two.", "three"}) ASSERT_EQ(h.answer("C", text), errc::ok);
  EXPECT_EQ(h.retrieve("C"), "one.");
  EXPECT_EQ(h.retrieve("C"), "two.");
  EXPECT_EQ(h.retrieve("C"), "three");
}

TEST(v1_mailbox, a_forged_answer_is_refused) {
  house h;
  EXPECT_EQ(h.answer("C", "forged"), errc::not_found) << "nobody asked";
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  EXPECT_EQ(h.answer("C", "forged"), errc::not_found) << "not handed out yet";
  h.poll("other", elsewhere);
  ASSERT_EQ(h.poll("N").size(), 1U);
  EXPECT_EQ(h.answer("C", "forged", elsewhere), errc::not_found) << "another node";
  EXPECT_EQ(h.answer("C", "forged", "203.0.113.1"), errc::not_found) << "the client's own address";
  EXPECT_EQ(h.answer("C", "forged", ""), errc::not_found);
  EXPECT_EQ(h.answer("D", "forged"), errc::not_found) << "another client";
  EXPECT_EQ(h.retrieve("C"), "nothing");
  ASSERT_EQ(h.answer("C", "true"), errc::ok);
  EXPECT_EQ(h.answer("C", "more"), errc::not_found) << "one answer to one request";
  EXPECT_EQ(h.retrieve("C"), "true");
  EXPECT_EQ(h.retrieve("C"), "nothing");
}

TEST(v1_mailbox, a_node_with_work_of_another_client_cannot_answer_this_one) {
  house h;
  h.poll("mine", elsewhere);
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  ASSERT_EQ(h.post("attacker", "ask!", "mine"), errc::ok);
  ASSERT_EQ(h.poll("mine", elsewhere).size(), 1U);
  ASSERT_EQ(h.poll("N").size(), 1U);
  EXPECT_EQ(h.answer("C", "forged", elsewhere), errc::not_found);
}

TEST(v1_mailbox, nobody_polls_the_work_of_another_node) {
  house h;
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  const auto told = h.mailbox.poll({"N"}, elsewhere, h.now);
  ASSERT_TRUE(told.has_value());
  EXPECT_TRUE(told->work.empty()) << "naming a public key proves nothing";
  EXPECT_EQ(told->challenge, "");
  EXPECT_EQ(h.poll("N").size(), 1U);
}

TEST(v1_mailbox, a_node_that_has_to_prove_its_key_gets_work_with_the_answer) {
  v1_mailbox::settings with;
  with.proof = v1_node_proof::required;
  with.challenge = [](std::string_view) { return v1_challenge{"sealed", "open"}; };
  house h(house::kind::bare, std::move(with));
  const auto told = h.mailbox.poll({"N"}, home, h.now);
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->challenge, "sealed");
  EXPECT_EQ(told->next_ping, limits::v1_ping_after_work);
  EXPECT_EQ(h.post("C", "ask!"), errc::node_not_found) << "nobody sends to a key that is not proved";
  ASSERT_TRUE(h.mailbox.poll({"N", 1, false, "open"}, home, h.now).has_value());
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  EXPECT_EQ(h.poll("N").size(), 1U);
}

TEST(v1_mailbox, nobody_keeps_a_key_by_polling_from_elsewhere) {
  house h;
  for (int i = 0; i < 30; ++i) {
    h.pass(seconds(1));
    h.poll("N", elsewhere);
  }
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  EXPECT_EQ(h.poll("N", elsewhere).size(), 1U) << "the first holder has gone meanwhile";
}

TEST(v1_mailbox, a_request_without_a_client_key_is_answered_for_the_one_inside) {
  house h;
  ASSERT_EQ(h.post("", "ask!"), errc::ok);
  EXPECT_EQ(h.retrieve(""), "nothing");
  const auto work = h.poll("N");
  ASSERT_EQ(work.size(), 1U);
  EXPECT_EQ(work[0].client_key, "");
  EXPECT_EQ(h.answer("", "told"), errc::not_found);
  EXPECT_EQ(h.answer("C", "told", elsewhere), errc::not_found);
  ASSERT_EQ(h.answer("C", "told"), errc::ok);
  EXPECT_EQ(h.answer("D", "told"), errc::not_found) << "one answer";
  EXPECT_EQ(h.retrieve("C"), "told");
}

TEST(v1_mailbox, a_request_without_a_client_key_forges_no_answer_for_a_named_one) {
  house h;
  h.poll("mine", elsewhere);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(h.post("", "ask!", "mine"), errc::ok);
  ASSERT_EQ(h.poll("mine", elsewhere, 2).size(), 2U);
  ASSERT_EQ(h.answer("C", "laid", elsewhere), errc::ok) << "before C asked anything";
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  EXPECT_EQ(h.retrieve("C"), "nothing") << "what was laid in wait is gone";
  EXPECT_EQ(h.answer("C", "forged", elsewhere), errc::not_found);
  ASSERT_EQ(h.poll("N").size(), 1U);
  ASSERT_EQ(h.answer("C", "true"), errc::ok);
  EXPECT_EQ(h.answer("C", "forged", elsewhere), errc::not_found) << "also behind a true one";
  EXPECT_EQ(h.retrieve("C"), "true");
}

TEST(v1_mailbox, requests_for_nobody_are_refused) {
  house h(house::kind::bare);
  EXPECT_EQ(h.mailbox.next_server(h.now), std::nullopt);
  EXPECT_EQ(h.post("C", "ask!"), errc::node_not_found);
}

TEST(v1_mailbox, a_batch_is_as_large_as_asked_and_bounded) {
  house h;
  for (std::size_t i = 0; i < limits::v1_batch_max + 4; ++i) {
    ASSERT_EQ(h.post("C" + std::to_string(i), "ask!"), errc::ok);
  }
  EXPECT_EQ(h.poll("N", home, 3).size(), 3U);
  EXPECT_EQ(h.poll("N", home, 1'000'000).size(), limits::v1_batch_max);
  EXPECT_EQ(h.poll("N").size(), 1U);
}

TEST(v1_mailbox, what_waits_is_bounded_for_each_client_key) {
  house h;
  for (std::size_t i = 0; i < limits::v1_client_max; ++i) ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  EXPECT_EQ(h.post("C", "ask!"), errc::too_many);
  EXPECT_EQ(h.post("D", "ask!"), errc::ok);
  ASSERT_EQ(h.poll("N").size(), 1U);
  EXPECT_EQ(h.post("C", "ask!"), errc::too_many) << "work counts until it is fetched";
  ASSERT_EQ(h.answer("C", "told"), errc::ok);
  EXPECT_EQ(h.post("C", "ask!"), errc::too_many);
  EXPECT_EQ(h.retrieve("C"), "told");
  EXPECT_EQ(h.post("C", "ask!"), errc::ok);
}

TEST(v1_mailbox, forty_large_envelopes_are_not_taken_from_one_address) {
  house h;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    const v1_request request{"N", "C" + std::to_string(i), sealed("", 1U << 20), v1_form::whole};
    if (h.mailbox.post(request, "203.0.113.1", h.now)) ++taken;
  }
  EXPECT_LE(taken * (1U << 20), limits::v1_address_bytes_max);
  EXPECT_LE(h.mailbox.counts().bytes, limits::v1_address_bytes_max);
  h.poll("M");
  EXPECT_EQ(h.post("D", "ask!", "M", "203.0.113.2"), errc::ok) << "others go on";
}

TEST(v1_mailbox, one_address_has_so_many_requests_and_no_more) {
  house h(house::kind::bare);
  std::size_t taken = 0;
  for (std::size_t i = 0; i < limits::v1_address_max + 10; ++i) {
    const std::string node = "N" + std::to_string(i % 4);
    h.poll(node, home);
    if (h.post("C" + std::to_string(i), "ask!", node) == errc::ok) ++taken;
  }
  EXPECT_EQ(taken, limits::v1_address_max);
}

TEST(v1_mailbox, one_nodes_queue_is_bounded) {
  house h;
  for (std::size_t i = 0; i < limits::v1_queue_max; ++i) {
    ASSERT_EQ(h.post("C" + std::to_string(i), "ask!"), errc::ok);
  }
  EXPECT_EQ(h.post("D", "ask!"), errc::node_busy);
  EXPECT_EQ(h.mailbox.next_server(h.now), std::nullopt) << "and it is recommended to nobody";
  ASSERT_EQ(h.poll("N").size(), 1U);
  EXPECT_EQ(h.post("D", "ask!"), errc::ok);
}

TEST(v1_mailbox, one_nodes_queue_is_bounded_by_bytes_too) {
  house h;
  const auto fill = [&](std::string_view prefix) {
    std::size_t taken = 0;
    errc last = errc::ok;
    for (; last == errc::ok && taken < 100; ++taken) {
      const std::string number = std::to_string(taken);
      const v1_request request{"N", std::string(prefix) + number, sealed("", 1U << 20), v1_form::whole};
      const auto done = h.mailbox.post(request, number, h.now);
      last = done ? errc::ok : to_errc(done.error());
    }
    EXPECT_EQ(last, errc::node_busy);
    return taken - 1;
  };
  const std::size_t first = fill("C");
  EXPECT_EQ(first, (limits::v1_queue_bytes_max >> 20) - 1) << "each is a little more than a MiB";
  EXPECT_EQ(h.poll("N", home, 100).size(), first);
  EXPECT_EQ(fill("D"), first);
  h.pass(limits::v1_queue_time, {"N"});
  EXPECT_EQ(fill("E"), first) << "also by expiring";
}

TEST(v1_mailbox, a_node_at_work_is_not_dropped_for_missing_its_pings) {
  house h;
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  ASSERT_EQ(h.poll("N").size(), 1U);
  h.pass(4 * limits::v1_ping_interval);
  ASSERT_EQ(h.post("D", "ask!"), errc::ok) << "the first nodes poll only between two requests";
  ASSERT_EQ(h.answer("C", "told"), errc::ok);
  EXPECT_EQ(h.poll("N").size(), 1U);
  ASSERT_EQ(h.answer("D", "told"), errc::ok);
  h.pass(3 * limits::v1_ping_interval);
  EXPECT_EQ(h.post("C", "ask!"), errc::node_not_found) << "idle and silent";
}

TEST(v1_mailbox, the_whole_is_bounded_by_count_and_bytes) {
  house h(house::kind::bare);
  std::size_t taken = 0;
  errc last = errc::ok;
  for (std::size_t i = 0; i < limits::v1_exchanges_max + 10; ++i) {
    const std::string address = "address " + std::to_string(i % 200);
    const std::string node = "N" + std::to_string(i % 200);
    h.poll(node, address);
    last = h.post("C" + std::to_string(i), "ask!", node, address);
    if (last == errc::ok) ++taken;
  }
  EXPECT_EQ(taken, limits::v1_exchanges_max);
  EXPECT_EQ(last, errc::node_busy);

  house large(house::kind::bare);
  for (std::size_t i = 0; i < 2 * (limits::v1_bytes_max >> 20); ++i) {
    const std::string address = "address " + std::to_string(i % 40);
    if (i < 40) large.poll(address, address);
    const v1_request request{address, "C" + std::to_string(i), sealed("", 1U << 20), v1_form::whole};
    static_cast<void>(large.mailbox.post(request, address, large.now));
  }
  EXPECT_LE(large.mailbox.counts().bytes, limits::v1_bytes_max);
  EXPECT_GT(large.mailbox.counts().bytes, limits::v1_bytes_max - (2U << 20));
}

TEST(v1_mailbox, answers_nobody_fetches_are_bounded_and_the_request_stays_at_work) {
  house h;
  for (int i = 0; i < 10; ++i) ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  ASSERT_EQ(h.poll("N", home, 10).size(), 10U);
  std::size_t stored = 0;
  while (h.mailbox.answer({"C", sealed("", 1U << 20)}, home, h.now)) ++stored;
  EXPECT_EQ(stored, (limits::v1_client_bytes_max >> 20) - 1);
  ASSERT_TRUE(h.mailbox.retrieve("C", h.now).has_value());
  EXPECT_TRUE(h.mailbox.answer({"C", sealed("", 1U << 20)}, home, h.now).has_value());
}

TEST(v1_mailbox, everything_expires) {
  const struct {
    std::string_view what;
    seconds time;
    int steps;  // 1 ask, 2 poll, 3 answer
  } rows[] = {{"a request nobody polled", limits::v1_queue_time, 1},
              {"work that is not answered", limits::v1_work_time, 2},
              {"an answer nobody fetched", limits::v1_answer_time, 3}};
  for (const auto& row : rows) {
    house h;
    ASSERT_EQ(h.post("C", "ask!"), errc::ok);
    if (row.steps > 1) h.poll("N");
    if (row.steps > 2) ASSERT_EQ(h.answer("C", "told"), errc::ok);
    h.pass(row.time - seconds(1), {"N"});
    EXPECT_EQ(h.mailbox.counts().exchanges, 1U) << row.what;
    h.pass(seconds(1), {"N"});
    EXPECT_EQ(h.mailbox.counts().exchanges, 0U) << row.what;
    EXPECT_EQ(h.mailbox.counts().bytes, 0U) << row.what;
    EXPECT_TRUE(h.poll("N").empty()) << row.what;
    EXPECT_EQ(h.answer("C", "late"), errc::not_found) << row.what;
    EXPECT_EQ(h.retrieve("C"), "nothing") << row.what;
  }
}

TEST(v1_mailbox, long_polls_are_woken) {
  std::vector<std::string> woken;
  v1_mailbox::settings with;
  with.wake.work = [&](std::string_view key) { woken.push_back("work " + std::string(key)); };
  with.wake.mail = [&](std::string_view key) { woken.push_back("mail " + std::string(key)); };
  house h(house::kind::with_node, std::move(with));
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  ASSERT_EQ(h.post("", "ask!"), errc::ok);
  ASSERT_EQ(h.poll("N", home, 2).size(), 2U);
  ASSERT_EQ(h.answer("C", "told"), errc::ok);
  ASSERT_EQ(h.answer("D", "told"), errc::ok);
  EXPECT_EQ(woken, (std::vector<std::string>{"work N", "work N", "mail C", "mail D"}));
}

TEST(v1_mailbox, our_own_nodes_are_reached_over_their_link) {
  house h(house::kind::bare);
  h.mailbox.link_node("ours", "peer");
  EXPECT_EQ(h.mailbox.next_server(h.now), "ours");
  const auto receipt = h.mailbox.post({"ours", "C", sealed("ask!"), v1_form::whole}, home, h.now);
  ASSERT_TRUE(receipt.has_value());
  EXPECT_EQ(receipt->peer, "peer");
  EXPECT_EQ(receipt->stream_session, "");
  EXPECT_TRUE(h.poll("ours").empty()) << "nobody else polls for its key";
  EXPECT_EQ(h.answer("C", "forged"), errc::not_found);
  EXPECT_EQ(h.answer("C", "forged", ""), errc::not_found);
  ASSERT_TRUE(h.mailbox.finish(receipt->id, {"", sealed("told")}, h.now).has_value());
  EXPECT_EQ(to_errc(h.mailbox.finish(receipt->id, {"", sealed("told")}, h.now).error()), errc::not_found);
  EXPECT_EQ(h.retrieve("C"), "told");

  const auto lost = h.mailbox.post({"ours", "C", sealed("ask!"), v1_form::whole}, home, h.now);
  h.mailbox.abandon(lost->id);
  EXPECT_EQ(h.mailbox.counts().exchanges, 0U);
  const auto unnamed = h.mailbox.post({"ours", "", sealed("ask!"), v1_form::whole}, home, h.now);
  ASSERT_TRUE(h.mailbox.finish(unnamed->id, {"D", sealed("told")}, h.now).has_value());
  EXPECT_EQ(h.retrieve("D"), "told");
  h.mailbox.unlink_node("peer");
  EXPECT_EQ(h.post("C", "ask!", "ours"), errc::node_not_found);
}

TEST(v1_mailbox, linking_a_node_ends_whoever_polled_with_its_key) {
  house h;
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  h.mailbox.link_node("N", "peer");
  EXPECT_TRUE(h.poll("N").empty());
  EXPECT_EQ(h.mailbox.counts().exchanges, 0U) << "its queue is gone";
  EXPECT_FALSE(h.mailbox.unregister("N", home));
  h.pass(seconds(60));
  EXPECT_EQ(h.mailbox.next_server(h.now), "N") << "a linked node needs no pings";
}

TEST(v1_mailbox, only_the_holder_unregisters_and_its_queue_goes_too) {
  house h;
  ASSERT_EQ(h.post("C", "ask!"), errc::ok);
  EXPECT_FALSE(h.mailbox.unregister("N", elsewhere));
  EXPECT_FALSE(h.mailbox.unregister("unknown", home));
  EXPECT_TRUE(h.mailbox.unregister("N", home));
  EXPECT_FALSE(h.mailbox.unregister("N", home));
  EXPECT_EQ(h.mailbox.counts().exchanges, 0U);
  EXPECT_EQ(h.mailbox.next_server(h.now), std::nullopt);
}

TEST(v1_mailbox, the_books_balance_after_any_sequence) {
  house h(house::kind::bare);
  seeded_random choose(7);
  std::vector<std::string> sessions{"none"};
  std::vector<v1_exchange_id> pushed{0};
  const auto one_of = [&](std::string_view prefix, std::uint64_t count) {
    return std::string(prefix) + std::to_string(choose.below(count));
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string node = one_of("n", 6), client = choose.below(8) == 0 ? "" : one_of("c", 5);
    const std::string origin = one_of("o", 4);
    switch (choose.below(10)) {
      case 0:
      case 1:
      case 2: {
        const auto form = choose.below(2) == 0 || client.empty() ? v1_form::whole : v1_form::stream;
        const auto receipt =
            h.mailbox.post({node, client, sealed("", choose.below(100'000)), form}, origin, h.now);
        if (receipt && !receipt->peer.empty()) pushed.push_back(receipt->id);
        break;
      }
      case 3:
        for (const v1_work& work : h.poll(node, origin, 1 + choose.below(4)))
          sessions.push_back(work.stream_session);
        break;
      case 4:
        h.answer(client, std::string(choose.below(100'000), 'a'), origin);
        break;
      case 5:
        h.retrieve(client);
        break;
      case 6: {
        const auto end = choose.below(3) == 0 ? v1_end::final : v1_end::open;
        h.chunk(sessions[choose.below(sessions.size())], "\"c\"", origin, end);
        static_cast<void>(h.mailbox.push_chunk(pushed[choose.below(pushed.size())], "\"c\"", end, h.now));
        break;
      }
      case 7:
        static_cast<void>(h.mailbox.retrieve_stream(client, h.now));
        break;
      case 8:
        if (choose.below(20) == 0) h.mailbox.unregister(node, origin);
        if (choose.below(20) == 0) h.mailbox.link_node(node, "peer of " + node);
        if (choose.below(20) == 0) h.mailbox.unlink_node("peer of " + node);
        if (choose.below(4) == 0) h.mailbox.abandon(pushed[choose.below(pushed.size())]);
        static_cast<void>(
            h.mailbox.finish(pushed[choose.below(pushed.size())], {client, sealed("told")}, h.now));
        break;
      default:
        h.pass(seconds(choose.below(3)));
    }
  }
  for (int i = 0; i < 6; ++i) h.mailbox.unlink_node("peer of n" + std::to_string(i));
  h.now += hours(1);
  h.mailbox.expire(h.now);
  h.mailbox.expire(h.now);
  EXPECT_EQ(h.mailbox.counts().exchanges, 0U);
  EXPECT_EQ(h.mailbox.counts().bytes, 0U);
  EXPECT_EQ(h.mailbox.counts().nodes, 0U);
}

}  // namespace
}  // namespace tp::relaycore
