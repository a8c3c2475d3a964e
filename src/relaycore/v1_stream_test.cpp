// Stream sessions of the first token.place's routes, through the mailbox.
#include <gtest/gtest.h>

#include <set>

#include "relaycore/v1_mailbox.hpp"

namespace tp::relaycore {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr steady_time start(hours(1'000));
constexpr std::string_view home = "192.0.2.1";
constexpr std::string_view elsewhere = "198.51.100.9";
const v1_sealed envelope{"text", "key", "iv", {}, {}, {}};

struct house {
  house() : random(1), mailbox({}, random) { poll(); }

  std::vector<v1_work> poll() { return mailbox.poll({"N", 16, true, {}}, home, now)->work; }
  // A stream of client C at work; its session.
  std::string open() {
    const auto asked = mailbox.post({"N", "C", envelope, v1_form::stream}, "203.0.113.1", now);
    const auto work = poll();
    return asked && work.size() == 1 ? work[0].stream_session : std::string();
  }
  errc chunk(const std::string& session, std::string json, v1_end end = v1_end::open,
             std::string_view origin = home) {
    const auto done = mailbox.chunk({session, std::move(json), end}, origin, now);
    return done ? errc::ok : to_errc(done.error());
  }
  std::string retrieve() {
    const auto got = mailbox.retrieve_stream("C", now);
    if (!got) return "nothing";
    std::string all;
    for (const std::string& json : got->json) all.append(json);
    return all.append(got->end == v1_end::final ? " final" : "");
  }

  seeded_random random;
  v1_mailbox mailbox;
  steady_time now = start;
};

TEST(v1_stream, chunks_come_in_order_and_end) {
  house h;
  EXPECT_EQ(h.retrieve(), "nothing");
  const std::string session = h.open();
  ASSERT_EQ(session.size(), 32U);
  EXPECT_EQ(h.retrieve(), "") << "open, nothing yet";
  ASSERT_EQ(h.chunk(session, "1"), errc::ok);
  ASSERT_EQ(h.chunk(session, "2"), errc::ok);
  EXPECT_EQ(h.retrieve(), "12");
  EXPECT_EQ(h.retrieve(), "");
  ASSERT_EQ(h.chunk(session, "3", v1_end::final), errc::ok);
  EXPECT_EQ(h.chunk(session, "4"), errc::not_found) << "nothing after the end";
  EXPECT_EQ(h.retrieve(), "3 final");
  EXPECT_EQ(h.retrieve(), "nothing");
  EXPECT_EQ(h.mailbox.counts().exchanges, 0U);
  EXPECT_EQ(h.mailbox.counts().bytes, 0U);
}

TEST(v1_stream, a_forged_chunk_is_refused) {
  house h;
  const std::string session = h.open();
  EXPECT_EQ(h.chunk(session, "forged", v1_end::open, elsewhere), errc::not_found);
  EXPECT_EQ(h.chunk(session, "forged", v1_end::open, ""), errc::not_found);
  EXPECT_EQ(h.chunk("0123456789abcdef0123456789abcdef", "forged"), errc::not_found);
  EXPECT_EQ(h.chunk("", "forged"), errc::not_found);
  EXPECT_EQ(h.retrieve(), "");
}

TEST(v1_stream, session_ids_differ) {
  house h;
  std::set<std::string> ids;
  for (std::size_t i = 0; i < limits::v1_client_max; ++i) ids.insert(h.open());
  EXPECT_EQ(ids.size(), limits::v1_client_max);
}

TEST(v1_stream, of_several_streams_the_oldest_with_news_is_told) {
  house h;
  const std::string first = h.open();
  const std::string second = h.open();
  ASSERT_EQ(h.chunk(second, "b"), errc::ok);
  EXPECT_EQ(h.mailbox.retrieve_stream("C", h.now)->session, second);
  EXPECT_EQ(h.mailbox.retrieve_stream("C", h.now)->session, first);
  ASSERT_EQ(h.chunk(second, "b", v1_end::final), errc::ok);
  ASSERT_EQ(h.chunk(first, "a"), errc::ok);
  EXPECT_EQ(h.retrieve(), "a");
  EXPECT_EQ(h.retrieve(), "b final") << "a node that was lost does not hide a later stream";
}

TEST(v1_stream, chunks_nobody_fetches_are_bounded) {
  house h;
  const std::string session = h.open();
  std::size_t stored = 0;
  while (stored <= limits::v1_chunks_max && h.chunk(session, "1") == errc::ok) ++stored;
  EXPECT_EQ(stored, limits::v1_chunks_max);
  EXPECT_EQ(h.chunk(session, "1"), errc::too_many);
  EXPECT_NE(h.retrieve(), "nothing");
  EXPECT_EQ(h.chunk(session, "1"), errc::ok);

  const std::string large(1U << 20, '1');
  stored = 0;
  while (stored < 100 && h.chunk(session, large) == errc::ok) ++stored;
  EXPECT_LE(stored * large.size(), limits::v1_client_bytes_max);
}

TEST(v1_stream, a_node_may_answer_whole_instead) {
  house h;
  const std::string session = h.open();
  ASSERT_EQ(h.chunk(session, "1"), errc::ok);
  ASSERT_TRUE(h.mailbox.answer({"C", envelope}, home, h.now).has_value());
  EXPECT_EQ(h.chunk(session, "2"), errc::not_found);
  EXPECT_EQ(h.retrieve(), "nothing");
  EXPECT_TRUE(h.mailbox.retrieve("C", h.now).has_value());
  EXPECT_EQ(h.mailbox.counts().bytes, 0U);
}

TEST(v1_stream, an_ended_stream_takes_no_answer) {
  house h;
  ASSERT_EQ(h.chunk(h.open(), "1", v1_end::final), errc::ok);
  EXPECT_FALSE(h.mailbox.answer({"C", envelope}, home, h.now).has_value());
}

TEST(v1_stream, a_stream_lives_while_chunks_come_and_then_expires) {
  house h;
  const std::string session = h.open();
  for (int i = 0; i < 3; ++i) {
    h.now += limits::v1_work_time - seconds(1);
    h.mailbox.expire(h.now);
    ASSERT_EQ(h.chunk(session, "1"), errc::ok);
  }
  ASSERT_EQ(h.chunk(session, "2", v1_end::final), errc::ok);
  h.now += limits::v1_answer_time;
  EXPECT_EQ(h.retrieve(), "nothing");
  h.mailbox.expire(h.now);
  EXPECT_EQ(h.mailbox.counts().exchanges, 0U);
}

TEST(v1_stream, our_own_nodes_stream_over_their_link) {
  house h;
  h.mailbox.link_node("ours", "peer");
  const auto receipt = h.mailbox.post({"ours", "C", envelope, v1_form::stream}, home, h.now);
  ASSERT_TRUE(receipt.has_value());
  EXPECT_EQ(receipt->stream_session.size(), 32U);
  EXPECT_EQ(h.retrieve(), "");
  for (const std::string_view origin : {home, std::string_view()}) {
    EXPECT_EQ(h.chunk(receipt->stream_session, "forged", v1_end::open, origin), errc::not_found);
  }
  ASSERT_TRUE(h.mailbox.push_chunk(receipt->id, "1", v1_end::open, h.now).has_value());
  ASSERT_TRUE(h.mailbox.push_chunk(receipt->id, "2", v1_end::final, h.now).has_value());
  EXPECT_FALSE(h.mailbox.push_chunk(receipt->id, "3", v1_end::open, h.now).has_value());
  EXPECT_EQ(h.retrieve(), "12 final");
}

}  // namespace
}  // namespace tp::relaycore
