#include "codec/sse.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tp::codec {
namespace {

using events = std::vector<std::string>;

events parse(std::string_view text, std::size_t slice) {
  events got;
  sse_parser parser;
  while (!text.empty()) {
    const std::string exact(text.substr(0, slice));
    EXPECT_TRUE(parser.push(as_bytes(exact), [&](bytes_view data) { got.emplace_back(as_chars(data)); }));
    text.remove_prefix(exact.size());
  }
  return got;
}

TEST(sse, reads_events_however_they_are_cut) {
  struct row {
    std::string_view text;
    events wanted;
  };
  const row rows[] = {
      {"", {}},
      {"data: a\n\n", {"a"}},
      {"data: a\r\n\r\ndata: b\r\n\r\n", {"a", "b"}},
      {"data: a\r\rdata: b\r\r", {"a", "b"}},
      {"data: a\r\n\n", {"a"}},
      {"data: a\r\ndata: b\r\n\r\n", {"a\nb"}},
      {"data: a\n\r\ndata: b\n\r", {"a", "b"}},
      {"\xef\xbb\xbf"
       "data: a\n\n",
       {"a"}},
      {"\xef\xbb\xbf\n\xef\xbb\xbf"
       "data: a\n\n",
       {}},
      {"data: a\ndata:b\ndata\ndata:  c\n\n", {"a\nb\n\n c"}},
      {"data\n\n", {""}},
      {"data:\n\n", {""}},
      {"data: \n\n", {""}},
      {":\n\n: comment\n\ndata: a\n:\n\n", {"a"}},
      {"event: x\nid: 1\nretry: 5\n\n", {}},
      {"event: x\ndata: a\nid: 1\n\n", {"a"}},
      {"data : a\n\ndatax: a\n\n data: a\n\nDATA: a\n\n", {}},
      {"data: a\n", {}},
      {"data: a\n\ndata: b", {"a"}},
      {"\n\n\ndata: {\"a\":\"b: c\"}\n\n\n\ndata: [DONE]\n\n", {"{\"a\":\"b: c\"}", "[DONE]"}},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    for (const std::size_t slice : {1000U, 1U, 2U, 3U, 5U}) {
      EXPECT_EQ(parse(rows[i].text, slice), rows[i].wanted) << "row " << i << " slice " << slice;
    }
  }
}

TEST(sse, is_bounded) {
  const auto ignore = [](bytes_view) {};
  const auto verdict = [&](std::string_view text, std::size_t slice) {
    sse_parser parser(16);
    while (!text.empty()) {
      const std::string_view piece = text.substr(0, slice);
      const auto pushed = parser.push(as_bytes(piece), ignore);
      if (!pushed) {
        EXPECT_FALSE(parser.push(as_bytes("\n"), ignore));
        return to_errc(pushed.error());
      }
      text.remove_prefix(piece.size());
    }
    return errc::ok;
  };
  for (const std::size_t slice : {std::size_t{100}, std::size_t{1}, std::size_t{7}}) {
    EXPECT_EQ(verdict("data: 0123456789\n\ndata: 0123456789\n\n", slice), errc::ok);
    EXPECT_EQ(verdict("data: 0123456789a\n\n", slice), errc::too_large);       // a line of 17 bytes
    EXPECT_EQ(verdict("0123456789abcdefg", slice), errc::too_large);           // not even ended
    EXPECT_EQ(verdict("data: 01234567\ndata: 89abcde\n\n", slice), errc::ok);  // 8 + 1 + 7
    EXPECT_EQ(verdict("data: 01234567\ndata: 89abcdef\n\n", slice), errc::too_large);
    EXPECT_EQ(verdict("data\ndata\ndata: 0\n\n", slice), errc::ok);
  }
}

TEST(sse, writes_what_it_reads) {
  const std::string_view data[] = {"", "a", "[DONE]", "a\nb", "a\n", "\n", " a", ":", "a\n\nb"};
  for (const std::string_view text : data) {
    std::string out;
    write_sse_comment(out);
    write_sse_event(out, text);
    EXPECT_EQ(parse(out, 1000), events{std::string(text)});
  }
  std::string out;
  write_sse_event(out, "a\r\nb\rc");
  EXPECT_EQ(parse(out, 1000), events{"a\nb\nc"});
  plaintext wiped;
  write_sse_event(wiped, as_bytes("x"));
  EXPECT_EQ(wiped.reveal_text(), "data: x\n\n");
  out.clear();
  write_sse_comment(out);
  write_sse_comment(out, "ping");
  EXPECT_EQ(out, ":\n\n: ping\n\n");
}

}  // namespace
}  // namespace tp::codec
