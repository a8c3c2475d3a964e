#include "codec/http_fields.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace tp::codec {
namespace {

TEST(http_fields, find_ignores_case_and_gives_the_first) {
  http_fields fields{{"Content-Type", "text/plain"}, {"X-A", "1"}, {"x-a", "2"}};
  EXPECT_EQ(fields.find("content-TYPE"), "text/plain");
  EXPECT_EQ(fields.find("X-a"), "1");
  EXPECT_EQ(fields.count("X-A"), 2U);
  EXPECT_FALSE(fields.find("content-typ"));
}

TEST(http_fields, set_replaces_all_of_a_name) {
  http_fields fields{{"x-a", "1"}, {"b", "2"}, {"X-A", "3"}};
  ASSERT_TRUE(fields.set("X-a", "4"));
  EXPECT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields.find("x-a"), "4");
  // Views into the list itself are fine.
  ASSERT_TRUE(fields.set("b", *fields.find("b")));
  EXPECT_EQ(fields.find("b"), "2");
}

TEST(http_fields, refuses_what_could_break_a_line) {
  const std::string_view nul("a\0b", 3);
  const http_field bad[] = {
      {"", "v"},   {"a b", "v"},  {"a:", "v"}, {"a\r", "v"}, {"\xe4", "v"}, {"(c)", "v"}, {"n", "a\r\nb: c"},
      {"n", "\n"}, {"n", "a\rb"}, {"n", nul},  {"n", " a"},  {"n", "a\t"},  {"n", " "},
  };
  http_fields fields{{"n", "before"}};
  for (const http_field& field : bad) {
    EXPECT_EQ(fields.add(field.name, field.value).error(), errc::invalid_argument) << field.name.size();
    EXPECT_EQ(fields.set(field.name, field.value).error(), errc::invalid_argument);
  }
  EXPECT_EQ(fields.size(), 1U);
  EXPECT_EQ(fields.find("n"), "before");
}

TEST(http_fields, is_bounded) {
  http_fields fields;
  for (std::size_t i = 0; i < limits::http_fields_max; ++i) ASSERT_TRUE(fields.add("n", "v"));
  EXPECT_EQ(fields.add("n", "v").error(), errc::too_many);
  EXPECT_EQ(fields.set("other", "v").error(), errc::too_many);
  EXPECT_EQ(fields.size(), limits::http_fields_max);
  EXPECT_TRUE(fields.set("N", "w"));
}

TEST(http_fields, list_tokens) {
  EXPECT_TRUE(list_has_token("keep-alive, Upgrade", "upgrade"));
  EXPECT_TRUE(list_has_token(" , close ,", "close"));
  EXPECT_FALSE(list_has_token("closed", "close"));
  EXPECT_FALSE(list_has_token("gzip;q=1", "gzip"));
  EXPECT_FALSE(list_has_token("", "close"));
}

template <class Buffer>
class http_writers : public testing::Test {
 public:
  static std::string text(const Buffer& out) { return {out.begin(), out.end()}; }
};
using buffers = testing::Types<std::string, bytes>;
TYPED_TEST_SUITE(http_writers, buffers);

TYPED_TEST(http_writers, write_heads) {
  TypeParam out;
  ASSERT_TRUE(write_request_head(out, "POST", "/v1/x?y=z", {{"Host", "a"}, {"Empty", ""}}));
  EXPECT_EQ(this->text(out), "POST /v1/x?y=z HTTP/1.1\r\nHost: a\r\nEmpty: \r\n\r\n");
  out.clear();
  write_response_head(out, 404, {{"Content-Length", "0"}});
  EXPECT_EQ(this->text(out), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  out.clear();
  write_response_head(out, 599, {});
  EXPECT_EQ(this->text(out), "HTTP/1.1 599 \r\n\r\n");
}

TYPED_TEST(http_writers, refuse_request_lines_that_could_be_split) {
  TypeParam out;
  for (const std::string_view method : {"", "GET ", "G\r\nET", "G:"}) {
    EXPECT_EQ(write_request_head(out, method, "/", {}).error(), errc::invalid_argument);
  }
  for (const std::string_view target : {"", "/a b", "/\r\nX: y", "/\xc3\xa4", "/\x7f"}) {
    EXPECT_EQ(write_request_head(out, "GET", target, {}).error(), errc::invalid_argument);
  }
  EXPECT_TRUE(out.empty());
}

TYPED_TEST(http_writers, write_chunks_after_a_head_in_one_buffer) {
  TypeParam out;
  write_response_head(out, 200, {});
  write_chunk(out, as_bytes(std::string(26, 'x')));
  write_chunk(out, {});
  write_last_chunk(out);
  EXPECT_EQ(this->text(out), "HTTP/1.1 200 OK\r\n\r\n1a\r\n" + std::string(26, 'x') + "\r\n0\r\n\r\n");
}

}  // namespace
}  // namespace tp::codec
