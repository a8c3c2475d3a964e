// Body framing: the decoder and the tracker agree, whatever the slicing.
#include <gtest/gtest.h>

#include <string>

#include "codec/http1.hpp"

namespace tp::codec {
namespace {

using kind = body_framing::kind;

struct outcome {
  errc error = errc::ok;
  bool done = false;
  std::string data;
  std::size_t used = 0;
  friend bool operator==(const outcome&, const outcome&) = default;
  friend std::ostream& operator<<(std::ostream& out, const outcome& o) {
    return out << name(o.error) << (o.done ? " done " : " open ") << o.data.size() << " of " << o.used;
  }
};

outcome decode(body_framing framing, std::string_view text, std::size_t slice) {
  outcome got;
  body_decoder decoder(framing);
  while (got.used < text.size() && !decoder.done()) {
    const std::string exact(text.substr(got.used, slice));
    bytes_view input = as_bytes(exact);
    while (!input.empty() && !decoder.done()) {
      const auto step = decoder.next(input);
      if (!step) {
        EXPECT_FALSE(decoder.next(input));
        return {to_errc(step.error()), false, {}, 0};
      }
      EXPECT_GT(step->consumed, 0U);
      got.data += as_chars(step->piece);
      got.used += step->consumed;
      input = input.subspan(step->consumed);
    }
  }
  got.done = decoder.done();
  return got;
}

outcome track(body_framing framing, std::string_view text, std::size_t slice) {
  outcome got;
  body_tracker tracker(framing);
  while (got.used < text.size() && !tracker.done()) {
    const auto fed = tracker.feed(as_bytes(text.substr(got.used, slice)));
    if (!fed) return {to_errc(fed.error()), false, {}, 0};
    got.used += *fed;
  }
  got.done = tracker.done();
  return got;
}

constexpr std::size_t slices[] = {SIZE_MAX, 1, 2, 3, 7};

void expect_body(body_framing framing, std::string_view text, outcome wanted, std::size_t row) {
  for (const std::size_t slice : slices) {
    EXPECT_EQ(decode(framing, text, slice), wanted) << "row " << row << " slice " << slice;
    outcome tracked = wanted;
    tracked.data.clear();
    EXPECT_EQ(track(framing, text, slice), tracked) << "row " << row << " slice " << slice;
  }
}

TEST(http1_body, follows_chunks) {
  const std::string ext(limits::http_chunk_line_max - 5, 'e');
  const std::string wide_trailer = "T: " + std::string(limits::http_head_bytes_max - 7, 't') + "\r\n";
  struct row {
    std::string text, data;
    std::string_view after;
  };
  const row rows[] = {
      {"0\r\n\r\n", "", "GET"},
      {"5\r\nhello\r\n0\r\n\r\n", "hello", "next"},
      {"1\r\na\r\n00A\r\n0123456789\r\n0000\r\n\r\n", "a0123456789", ""},
      {"9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n\r\n", ""},
      {"5;a=b;c=\"d e\"\r\nhello\r\n0;x\r\n\r\n", "hello", ""},
      {"1; " + ext + "\r\nx\r\n0\r\n\r\n", "x", ""},
      {"1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n", "x", "\r\n"},
      {"1\r\nx\r\n0\r\n" + wide_trailer + "\r\n", "x", ""},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    expect_body({kind::chunked, 0}, rows[i].text + std::string(rows[i].after),
                {errc::ok, true, rows[i].data, rows[i].text.size()}, i);
  }
}

TEST(http1_body, refuses_bad_chunks) {
  const std::string ext(limits::http_chunk_line_max - 4, 'e');
  const std::string wide_trailer = "T: " + std::string(limits::http_head_bytes_max - 6, 't') + "\r\n\r\n";
  struct row {
    std::string text;
    errc error;
  };
  const row rows[] = {
      {"+5\r\nhello\r\n", errc::invalid_http},
      {"-1\r\n", errc::invalid_http},
      {"0x5\r\nhello\r\n", errc::invalid_http},
      {" 5\r\nhello\r\n", errc::invalid_http},
      {"5 \r\nhello\r\n", errc::invalid_http},
      {"5\thello", errc::invalid_http},
      {"\r\n", errc::invalid_http},
      {";a\r\n", errc::invalid_http},
      {"g\r\n", errc::invalid_http},
      {"1000000000000000\r\n", errc::invalid_http},
      {"ffffffffffffffff\r\n", errc::invalid_http},
      {"10000000000000005\r\n", errc::invalid_http},
      {"0000000000000005\r\n", errc::invalid_http},
      {"5\nhello\r\n", errc::invalid_http},
      {"5\rhello", errc::invalid_http},
      {"5\r\nhello0\r\n\r\n", errc::invalid_http},
      {"5\r\nhello!\r\n", errc::invalid_http},
      {"5\r\nhello\n0\r\n", errc::invalid_http},
      {"5\r\nhello\r0\r\n", errc::invalid_http},
      {"5\r\nhelloX\n0\r\n\r\n", errc::invalid_http},
      {"5;a\nb\r\nhello", errc::invalid_http},
      {std::string("5;a\0\r\n", 6), errc::invalid_http},
      {"5;a\x7f\r\n", errc::invalid_http},
      {"1; " + ext + "\r\nx\r\n", errc::too_large},
      {"1;" + std::string(100'000, 'e'), errc::too_large},
      {"0\r\n\n", errc::invalid_http},
      {"0\r\n\rX", errc::invalid_http},
      {"0\r\n folded\r\n", errc::invalid_http},
      {"0\r\nA : b\r\n", errc::invalid_http},
      {"0\r\n: b\r\n", errc::invalid_http},
      {"0\r\nno colon\r\n", errc::invalid_http},
      {"0\r\nA: b\nC: d\r\n", errc::invalid_http},
      {"0\r\nA: b\rC", errc::invalid_http},
      {std::string("0\r\nA: \0\r\n", 9), errc::invalid_http},
      {"0\r\n" + wide_trailer, errc::too_large},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    expect_body({kind::chunked, 0}, rows[i].text, {rows[i].error, false, {}, 0}, i);
  }
}

TEST(http1_body, follows_lengths) {
  expect_body({kind::length, 5}, "hello, next", {errc::ok, true, "hello", 5}, 0);
  expect_body({kind::length, 6}, "hello", {errc::ok, false, "hello", 5}, 1);
  expect_body({kind::none, 0}, "next", {errc::ok, true, "", 0}, 2);
  expect_body({kind::until_close, 0}, "all of it", {errc::ok, false, "all of it", 9}, 3);
}

TEST(http1_body, knows_whether_the_end_of_the_connection_is_the_end) {
  body_decoder open({kind::until_close, 0});
  EXPECT_FALSE(open.done());
  EXPECT_TRUE(open.on_end());
  EXPECT_TRUE(open.done());
  EXPECT_TRUE(body_decoder({kind::none, 0}).on_end());
  EXPECT_EQ(body_decoder({kind::length, 1}).on_end().error(), errc::connection_closed);
  body_tracker chunked({kind::chunked, 0});
  ASSERT_TRUE(chunked.feed(as_bytes("5\r\nhello\r\n0\r\n")));
  EXPECT_EQ(chunked.on_end().error(), errc::connection_closed);
  ASSERT_TRUE(chunked.feed(as_bytes("\r\n")));
  EXPECT_TRUE(chunked.on_end());
}

TEST(http1_body, hands_out_views_into_the_input) {
  const std::string text = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  body_decoder decoder({kind::chunked, 0});
  const auto step = decoder.next(as_bytes(text));
  ASSERT_TRUE(step);
  EXPECT_EQ(as_chars(step->piece).data(), text.data() + 3);
  EXPECT_EQ(step->consumed, 6U);
}

TEST(http1_body, what_the_writers_write_is_read_back) {
  std::string text;
  write_chunk(text, as_bytes(std::string(300, 'a')));
  write_chunk(text, as_bytes("\r\n"));
  write_last_chunk(text);
  expect_body({kind::chunked, 0}, text, {errc::ok, true, std::string(300, 'a') + "\r\n", text.size()}, 0);
}

}  // namespace
}  // namespace tp::codec
