// A sealed call from both ends: sizes of pieces, replays, limits, and what is answered where.
#include <gtest/gtest.h>

#include <algorithm>

#include "codec/http_date.hpp"
#include "codec/varint.hpp"
#include "e2ee/open.hpp"
#include "e2ee/seal.hpp"

namespace tp::e2ee {
namespace {

const piece_sink ignore = [](bytes_view) {};

class call : public testing::Test {
 protected:
  manual_clock clock;
  seeded_random random{21};
  key_ring keys{clock, random};
  static constexpr route routes[] = {{"POST", "/v1/chat/completions"}};
  const codec::peer_id self = codec::peer_id::from_public_key(std::array<std::uint8_t, 32>{7});

  key_choice key() const { return choose_key(keys.key_list()).value(); }
  request_policy policy() const { return {self, clock.unix_now(), routes}; }
  plaintext message(std::string_view path = "/v1/chat/completions", std::string_view date = {}) {
    codec::bhttp_request request;
    request.authority = sealed_authority;
    request.path = path;
    const std::string now = codec::http_date(clock.unix_now());
    EXPECT_TRUE(request.fields.add("date", date.empty() ? now : date).has_value());
    return codec::encode_bhttp_request(request).value();
  }
  sealed_request seal(const plaintext& text, form f = form::chunked) {
    return seal_request(key(), f, text, random).value();
  }
  result<sealed_call> read(bytes_view body, form f = form::chunked) {
    sealed_request_reader reader(keys, f);
    const result<void> pushed = reader.push(body);
    if (!pushed) return pushed.error();
    return reader.end(policy(), random);
  }
};

// Sizes of the chunks in front of the final one, and of the final one.
std::vector<std::size_t> chunk_sizes(bytes_view chunks) {
  std::vector<std::size_t> out;
  for (;;) {
    const auto length = codec::read_varint(chunks).value();
    chunks = chunks.subspan(length.size);
    if (length.value == 0) break;
    out.push_back(length.value);
    chunks = chunks.subspan(length.value);
  }
  out.push_back(chunks.size());
  return out;
}

TEST_F(call, no_piece_sent_is_larger_than_every_receiver_takes) {
  const struct {
    std::size_t size;
    std::vector<std::size_t> chunks;
  } cases[] = {{0, {16}},
               {1, {17}},
               {16'384, {16'400}},
               {16'385, {16'400, 17}},
               {32'768, {16'400, 16'400}},
               {32'769, {16'400, 16'400, 17}}};
  for (const auto& c : cases) {
    const sealed_request request = seal(plaintext(bytes(c.size, 'x')));
    EXPECT_EQ(chunk_sizes(bytes_view(request.body).subspan(39)), c.chunks) << c.size;
    bytes opened;
    request_opener opener(keys, form::chunked);
    const piece_sink sink = [&opened](bytes_view piece) { append(opened, piece); };
    ASSERT_TRUE(opener.push(request.body, sink).has_value());
    ASSERT_TRUE(opener.end(sink).has_value());
    EXPECT_EQ(opened.size(), c.size);
    bytes response;
    response_sealer sealer = opener.respond(random);
    ASSERT_TRUE(sealer.piece(bytes(c.size, 'y'), response).has_value());
    ASSERT_TRUE(sealer.finish(bytes(c.size, 'z'), response).has_value());
    for (const std::size_t size : chunk_sizes(bytes_view(response).subspan(32))) EXPECT_LE(size, 16'400U);
  }
}

TEST_F(call, a_flush_is_sealed_behind_what_the_buffer_holds) {
  sealed_request request = seal(message());
  sealed_call got = read(request.body).value();
  bytes out = to_bytes("head");
  ASSERT_TRUE(got.answer.piece(as_bytes("one"), out).has_value());
  EXPECT_EQ(out.size(), 4U + 32U + 1U + 3U + 16U);
  EXPECT_EQ(as_chars(bytes_view(out).first(4)), "head");
  ASSERT_TRUE(got.answer.piece({}, out).has_value());  // nothing: an empty chunk would be refused
  EXPECT_EQ(out.size(), 56U);
  ASSERT_TRUE(got.answer.finish({}, out).has_value());
  EXPECT_EQ(got.answer.finish({}, out).error(), errc::invalid_argument);
  bytes opened;
  const piece_sink sink = [&opened](bytes_view piece) { append(opened, piece); };
  ASSERT_TRUE(request.answer.push(bytes_view(out).subspan(4), sink).has_value());
  EXPECT_EQ(as_chars(opened), "one");  // handed out before the end
  EXPECT_FALSE(request.answer.done());
  ASSERT_TRUE(request.answer.end(sink).has_value());
  EXPECT_TRUE(request.answer.done());
}

TEST_F(call, the_whole_form_is_answered_whole) {
  sealed_request request = seal(message(), form::whole);
  sealed_call got = read(request.body, form::whole).value();
  EXPECT_EQ(got.answer.media_type(), "message/ohttp-res");
  bytes out;
  EXPECT_EQ(got.answer.piece(as_bytes("x"), out).error(), errc::invalid_argument);
  ASSERT_TRUE(got.answer.finish(bytes(40'000, 'x'), out).has_value());
  EXPECT_EQ(out.size(), 32U + 40'000U + 16U);
  ASSERT_TRUE(request.answer.push(out, ignore).has_value());
  EXPECT_TRUE(request.answer.end(ignore).has_value());
}

TEST_F(call, a_copy_is_refused_at_once_and_a_concurrent_copy_at_its_end) {
  const sealed_request request = seal(message());
  request_opener one(keys, form::chunked), other(keys, form::chunked);
  ASSERT_TRUE(one.push(request.body, ignore).has_value());
  ASSERT_TRUE(other.push(request.body, ignore).has_value());
  EXPECT_TRUE(other.end(ignore).has_value());
  EXPECT_EQ(one.end(ignore).error(), errc::replayed);
  request_opener late(keys, form::chunked);
  EXPECT_EQ(late.push(bytes_view(request.body).first(39), ignore).error(), errc::replayed);
}

TEST_F(call, a_forged_or_cut_copy_does_not_burn_the_request) {
  const sealed_request request = seal(message());
  bytes forged = request.body;
  forged.back() ^= 1;
  EXPECT_EQ(read(forged).error(), errc::decrypt_failed);
  EXPECT_EQ(read(bytes_view(request.body).first(60)).error(), errc::decrypt_failed);
  EXPECT_EQ(read(bytes_view(request.body).first(39)).error(), errc::truncated);
  EXPECT_TRUE(read(request.body).value().request.has_value());
}

TEST_F(call, a_copy_is_refused_as_long_as_its_date_is_good_and_longer) {
  const std::string ahead = codec::http_date(clock.unix_now() + 300);
  const sealed_request request = seal(message("/v1/chat/completions", ahead));
  ASSERT_TRUE(read(request.body).value().request.has_value());
  for (int i = 0; i < 600; i += 50) {
    EXPECT_EQ(read(request.body).error(), errc::replayed) << i;
    clock.advance(std::chrono::seconds(50));
  }
  EXPECT_EQ(read(request.body).error(), errc::replayed);  // exactly 300 s after its date
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(read(request.body).value().request.error(), errc::date_out_of_window);
}

TEST_F(call, an_entry_stays_without_a_good_date_and_goes_though_the_route_is_wrong) {
  const sealed_request no_date = seal(message("/v1/chat/completions", "yesterday"));
  const sealed_request no_route = seal(message("/nowhere"));
  EXPECT_EQ(read(no_date.body).value().request.error(), errc::date_invalid);
  EXPECT_EQ(read(no_route.body).value().request.error(), errc::not_found);
  clock.advance(std::chrono::seconds(301));
  EXPECT_EQ(read(no_date.body).error(), errc::replayed);
  EXPECT_EQ(read(no_route.body).value().request.error(), errc::date_out_of_window);
}

TEST_F(call, a_bad_message_is_answered_in_the_clear_unless_its_envelope_is_whole) {
  const sealed_request request = seal(plaintext(as_bytes("\x07not binary http")));
  EXPECT_EQ(read(request.body).value().request.error(), errc::bhttp_framing);
  sealed_request other = seal(plaintext(as_bytes("\x07not binary http")));
  other.body.back() ^= 1;
  EXPECT_EQ(read(other.body).error(), errc::decrypt_failed);
}

TEST_F(call, limits_hold_for_senders_too) {
  const plaintext large{bytes(limits::request_bytes_max, 'x')};
  EXPECT_EQ(seal_request(key(), form::chunked, large, random).error(), errc::message_too_large);
  EXPECT_EQ(seal_request(key(), form::whole, large, random).error(), errc::message_too_large);
  const plaintext fits{bytes(limits::request_bytes_max - 16'384, 'x')};
  const sealed_request request = seal(fits);
  EXPECT_LE(request.body.size(), limits::request_bytes_max);
  request_opener opener(keys, form::chunked);
  EXPECT_TRUE(opener.push(request.body, ignore).has_value());
  EXPECT_TRUE(opener.end(ignore).has_value());
}

TEST_F(call, a_cut_answer_is_truncated_though_every_piece_was_good) {
  sealed_request request = seal(message());
  sealed_call got = read(request.body).value();
  bytes out;
  ASSERT_TRUE(got.answer.piece(as_bytes("data: [DONE]\n\n"), out).has_value());
  ASSERT_TRUE(request.answer.push(out, ignore).has_value());
  EXPECT_EQ(request.answer.end(ignore).error(), errc::truncated);
  EXPECT_EQ(request.answer.push(out, ignore).error(), errc::truncated);
  EXPECT_FALSE(request.answer.done());
}

}  // namespace
}  // namespace tp::e2ee
