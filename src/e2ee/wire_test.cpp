// Key lists, padding and the table of answers are checked by the vectors (tests/conformance).
#include "e2ee/wire.hpp"

#include <gtest/gtest.h>


namespace tp::e2ee {
namespace {

TEST(media_type, names_the_form_in_any_case_and_with_parameters) {
  for (const char* text : {"message/ohttp-chunked-req", "Message/OHTTP-Chunked-Req",
                           "message/ohttp-chunked-req; a=b", " message/ohttp-chunked-req\t;"})
    EXPECT_EQ(request_form(text), form::chunked) << text;
  EXPECT_EQ(request_form("message/ohttp-req"), form::whole);
  EXPECT_EQ(response_form("message/ohttp-res"), form::whole);
  EXPECT_EQ(response_form("message/ohttp-chunked-res;x"), form::chunked);
  for (const char* text :
       {"", ";", "message/ohttp", "message/ohttp-res", "message/ohttp-chunked-reqs", "a/b"})
    EXPECT_FALSE(request_form(text).has_value()) << text;
  EXPECT_FALSE(response_form("message/ohttp-req").has_value());
}

TEST(suite_header, reads_what_it_writes) {
  const auto written = write_suite_header({0x2a, 0x0102, 0x0304, 0xfffe});
  const suite_header read = read_suite_header(written);
  EXPECT_EQ(read.key_id, 0x2a);
  EXPECT_EQ(read.kem, 0x0102);
  EXPECT_EQ(read.kdf, 0x0304);
  EXPECT_EQ(read.aead, 0xfffe);
}

TEST(key_list, over_its_limit_is_refused) {
  std::vector<key_config> many(80, key_config{1, {}, offered_aeads()});
  ASSERT_LE(write_key_list(many).size(), 4'096U);
  EXPECT_TRUE(parse_key_list(write_key_list(many)).has_value());
  many.resize(81);
  EXPECT_EQ(parse_key_list(write_key_list(many)).error(), errc::bad_ohttp_keys);
}

TEST(choose_key, takes_the_first_configuration_and_its_first_aead_when_the_preferred_is_missing) {
  const key_config first{7, {1}, {crypto::aead_id::chacha20_poly1305, crypto::aead_id::aes_128_gcm}};
  const key_config second{8, {2}, offered_aeads()};
  const key_choice choice = choose_key(write_key_list({first, second})).value();
  EXPECT_EQ(choice, (key_choice{7, {1}, crypto::aead_id::chacha20_poly1305}));
}

TEST(bucket, never_shrinks_and_adds_an_eighth_at_most) {
  for (std::size_t length = 0; length < 100'000; length += 37) {
    EXPECT_GE(bucket(length), length);
    if (length > 1'024) EXPECT_LE(bucket(length), length + length / 8 + 1);
  }
}

}  // namespace
}  // namespace tp::e2ee
