#include "codec/protobuf.hpp"

#include <gtest/gtest.h>

#include "codec/hex.hpp"

namespace tp::codec {
namespace {

bytes of_hex(std::string_view text) { return hex_decode(text).value(); }

TEST(protobuf, writes_the_encoding_guides_examples) {
  bytes out;
  put_varint_field(out, 1, 150);
  put_bytes_field(out, 2, "testing");
  EXPECT_EQ(hex_encode(out), "089601120774657374696e67");
}

TEST(protobuf, writes_empty_and_largest_values) {
  bytes out;
  put_varint_field(out, 1, 0);
  put_bytes_field(out, 16, bytes_view());
  put_varint_field(out, (1U << 29) - 1, UINT64_MAX);
  EXPECT_EQ(hex_encode(out), "0800820100f8ffffff0fffffffffffffffffff01");
}

TEST(protobuf, reads_fields_in_order_and_views_into_the_input) {
  const bytes message = of_hex("089601120774657374696e671200");
  protobuf_reader reader(message);
  const auto first = reader.next().value();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->number, 1U);
  EXPECT_EQ(first->type, protobuf_type::varint);
  EXPECT_EQ(first->value, 150U);
  const auto second = reader.next().value();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->type, protobuf_type::bytes);
  EXPECT_EQ(as_chars(second->data), "testing");
  EXPECT_EQ(second->data.data(), message.data() + 5);
  const auto third = reader.next().value();
  ASSERT_TRUE(third);
  EXPECT_TRUE(third->data.empty());
  EXPECT_FALSE(reader.next().value());
  EXPECT_FALSE(reader.next().value());
}

TEST(protobuf, steps_over_fixed_size_fields) {
  const bytes message = of_hex("0901020304050607080d01020304100715aabbccdd");
  protobuf_reader reader(message);
  const auto field = reader.next().value();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->number, 2U);
  EXPECT_EQ(field->value, 7U);
  EXPECT_FALSE(reader.next().value());
}

TEST(protobuf, reads_all_64_bits) {
  const bytes message = of_hex("08ffffffffffffffffff01");
  protobuf_reader reader(message);
  EXPECT_EQ(reader.next().value()->value, UINT64_MAX);
}

TEST(protobuf, refuses_broken_messages_again_and_again) {
  for (const std::string_view bad :
       {"08", "0880", "088000", "08ffffffffffffffffff02", "08ffffffffffffffffffff01", "12", "1201", "120261",
        "12ffffffffffffffff7f", "0001", "0201", "0b", "0c", "0e00", "0f00", "09010203040506", "0d0102",
        "8000", "80808080100061"}) {
    const bytes message = of_hex(bad);
    protobuf_reader reader(message);
    EXPECT_EQ(reader.next().error(), errc::invalid_protobuf) << bad;
    EXPECT_EQ(reader.next().error(), errc::invalid_protobuf) << bad;
  }
}

TEST(protobuf, fields_before_a_broken_one_are_still_handed_out) {
  const bytes message = of_hex("080112ff");
  protobuf_reader reader(message);
  EXPECT_TRUE(reader.next().value());
  EXPECT_EQ(reader.next().error(), errc::invalid_protobuf);
}

}  // namespace
}  // namespace tp::codec
