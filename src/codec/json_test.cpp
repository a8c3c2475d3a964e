#include "codec/json.hpp"

#include <gtest/gtest.h>

namespace tp::codec {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(json, parses_and_writes_without_white_space) {
  const auto value = parse_json(" { \"a\" : [ 1 , -2 , 2.5 , true , null ] , \"b\" : \"\\u00e9\\n\" } ");
  ASSERT_TRUE(value);
  EXPECT_EQ(to_text(*value), "{\"a\":[1,-2,2.5E0,true,null],\"b\":\"\xc3\xa9\\n\"}");
}

TEST(json, takes_any_value_at_the_top) {
  for (const std::string_view text : {"0", "\"\"", "true", "null", "[]", "{}"}) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value);
    EXPECT_EQ(to_text(*value), text);
  }
}

TEST(json, refuses_what_is_not_rfc_8259) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "[1,]",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "'a'",
                                      "01",
                                      "+1",
                                      ".5",
                                      "1.",
                                      "1e",
                                      "NaN",
                                      "Infinity",
                                      "tru",
                                      "[1] x",
                                      "{} {}",
                                      "null,",
                                      "// c\n1",
                                      "/* c */1",
                                      "\"\n\"",
                                      "\"\\x\"",
                                      "\"\\ud800\"",
                                      "\"\\udc00\"",
                                      "\"a",
                                      "\xef\xbb\xbf{}",
                                      "1e400",
                                      "-1e400",
                                      "[{\"a\":[1e400]}]"}) {
    EXPECT_EQ(parse_json(text).error(), errc::invalid_json);
  }
  EXPECT_EQ(parse_json(std::string_view("1\0", 2)).error(), errc::invalid_json);
}

TEST(json, refuses_text_that_is_not_utf8) {
  for (const std::string_view text :
       {"\"\xff\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\"", "{\"\xe2\x82\":1}", "\xff"}) {
    EXPECT_EQ(parse_json(text).error(), errc::invalid_utf8);
  }
}

TEST(json, refuses_more_depth_or_bytes_than_allowed) {
  EXPECT_TRUE(parse_json(nested(limits::json_depth_max)));
  EXPECT_EQ(parse_json(nested(limits::json_depth_max + 1)).error(), errc::too_deep);
  EXPECT_EQ(parse_json(nested(100'000)).error(), errc::too_deep);
  EXPECT_EQ(parse_json("[[0]]", {.depth = 1}).error(), errc::too_deep);
  EXPECT_TRUE(parse_json("[0]", {.bytes = 3}));
  EXPECT_EQ(parse_json("[0] ", {.bytes = 3}).error(), errc::too_large);
}

TEST(json, takes_the_last_of_a_repeated_member) {
  const auto value = parse_json("{\"a\":1,\"b\":2,\"a\":3}");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->as_object().size(), 2U);
  EXPECT_EQ(find_integer(value->as_object(), "a"), 3);
}

TEST(json, escapes_what_it_writes) {
  json::object object;
  object["k\"\n"] = std::string_view("\x01</\\\x7f");
  const std::string text = to_text(object);
  EXPECT_EQ(text, "{\"k\\\"\\n\":\"\\u0001</\\\\\x7f\"}");
  EXPECT_EQ(parse_json(text).value(), json::value(object));
}

TEST(json, finds_members_by_name_and_type) {
  const auto value = parse_json(
      "{\"text\":\"t\",\"object\":{},\"array\":[],\"integer\":-5,\"large\":9223372036854775808,"
      "\"fraction\":1.0,\"power\":1e3,\"yes\":true,\"null\":null}");
  ASSERT_TRUE(value);
  const json::object& object = value->as_object();
  EXPECT_EQ(text_of(*find_string(object, "text")), "t");
  EXPECT_NE(find_object(object, "object"), nullptr);
  EXPECT_NE(find_array(object, "array"), nullptr);
  EXPECT_EQ(find_integer(object, "integer"), -5);
  EXPECT_EQ(find_number(object, "integer"), -5.0);
  EXPECT_EQ(find_number(object, "power"), 1000.0);
  EXPECT_EQ(find_number(object, "large"), 9223372036854775808.0);
  EXPECT_EQ(find_bool(object, "yes"), true);

  for (const std::string_view name : {"absent", "null", ""}) {
    EXPECT_EQ(find_string(object, name), nullptr);
    EXPECT_EQ(find_object(object, name), nullptr);
    EXPECT_EQ(find_array(object, name), nullptr);
    EXPECT_EQ(find_integer(object, name), std::nullopt);
    EXPECT_EQ(find_number(object, name), std::nullopt);
    EXPECT_EQ(find_bool(object, name), std::nullopt);
  }
  for (const std::string_view name : {"large", "fraction", "power", "text", "yes"}) {
    EXPECT_EQ(find_integer(object, name), std::nullopt);
  }
}

TEST(json, errors_carry_no_input) {
  const auto failed = parse_json("{\"secret words");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "invalid_json");
}

}  // namespace
}  // namespace tp::codec
