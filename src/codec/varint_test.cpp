#include "codec/varint.hpp"

#include <gtest/gtest.h>

#include "codec/vector_file.hpp"

namespace tp::codec {
namespace {

std::uint64_t number_in(const json::value& from, std::string_view name) {
  return std::stoull(std::string(text_in(from, name)));
}

TEST(varint, decodes_the_vectors_in_every_form) {
  const json::object vectors = load_vectors("vectors/varint.json");
  for (const json::value& vector : list_of(vectors, "decode")) {
    const bytes encoded = hex_in(vector, "encoded");
    const auto decoded = read_varint(encoded);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->value, number_in(vector, "value"));
    EXPECT_EQ(decoded->size, encoded.size());
    EXPECT_EQ(varint_size(decoded->value) == encoded.size(), vector.as_object().at("shortest").as_bool());
  }
}

TEST(varint, waits_for_the_rest_of_a_cut_one) {
  const json::object vectors = load_vectors("vectors/varint.json");
  for (const json::value& vector : list_of(vectors, "truncated")) {
    EXPECT_FALSE(read_varint(hex_decode(text_of(vector.as_string())).value()));
  }
}

TEST(varint, writes_the_shortest_form) {
  const json::object vectors = load_vectors("vectors/varint.json");
  for (const json::value& vector : list_of(vectors, "encode")) {
    bytes out{0xee};  // appends
    put_varint(out, number_in(vector, "value"));
    EXPECT_EQ(hex_encode(bytes_view(out).subspan(1)), text_in(vector, "encoded"));
  }
  bytes largest;
  put_varint(largest, varint_max);
  EXPECT_EQ(hex_encode(largest), "ffffffffffffffff");
}

TEST(varint, leaves_what_follows_alone) {
  const bytes two_and_more{0x7b, 0xbd, 0xff};
  EXPECT_EQ(read_varint(two_and_more)->size, 2U);
}

struct known {
  std::uint64_t value;
  std::string_view encoded;
};
// multiformats/unsigned-varint, README; the last is its maximum of nine bytes.
constexpr known known_answers[] = {
    {0, "00"},     {1, "01"},     {127, "7f"},        {128, "8001"},
    {255, "ff01"}, {300, "ac02"}, {16'384, "808001"}, {uvarint_max, "ffffffffffffffff7f"}};

TEST(uvarint, known_answers_both_ways) {
  for (const known& k : known_answers) {
    bytes out;
    put_uvarint(out, k.value);
    EXPECT_EQ(hex_encode(out), k.encoded);
    EXPECT_EQ(uvarint_size(k.value), out.size());
    const auto read = read_uvarint(out).value();
    EXPECT_EQ(read.value, k.value);
    EXPECT_EQ(read.size, out.size());
  }
}

TEST(uvarint, waits_for_the_rest_of_a_cut_one) {
  for (const std::string_view cut : {"", "80", "ffff", "ffffffffffffffff"}) {
    EXPECT_EQ(read_uvarint(hex_decode(cut).value()).value().size, 0U);
  }
}

TEST(uvarint, refuses_long_and_padded_forms) {
  for (const std::string_view bad : {"8000", "808000", "ff00", "ffffffffffffffffff", "ffffffffffffffffff01",
                                     "808080808080808080", "808080808080808000"}) {
    EXPECT_EQ(read_uvarint(hex_decode(bad).value()).error(), errc::invalid_varint);
  }
}

}  // namespace
}  // namespace tp::codec
