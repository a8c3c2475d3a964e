// The first token.place's envelope, against vectors made by a Python library and by plain integers
// (tests/interop/v1_envelope/make_vectors.py), and against itself.
#include "e2ee/envelope_v1.hpp"

#include <gtest/gtest.h>

#include "codec/base64.hpp"
#include "codec/vector_file.hpp"
#include "crypto/aead.hpp"
#include "crypto/aes_cbc.hpp"
#include "e2ee/v1_public_key.hpp"

namespace tp::e2ee {
namespace {

using codec::text_in;

const json::value& vectors() {
  static const json::value loaded = codec::load_vectors("vectors/envelope-v1.json");
  return loaded;
}

const crypto::rsa_key& node_key() {
  static const auto key =
      crypto::rsa_key::from_pem(secret_key(as_bytes(text_in(vectors(), "private_key_pkcs8")))).value();
  return key;
}

result<v1_envelope> parsed(const json::value& from) {
  const result<v1_fields> fields = v1_fields_of(from.as_object(), v1_body::ciphertext);
  if (!fields) return fields.error();
  return parse_v1(*fields, limits::v1_request_bytes_max);
}

plaintext words(std::string_view text) { return plaintext(as_bytes(text)); }

TEST(envelope_v1, opens_what_other_programs_sealed) {
  for (const json::value& row : codec::list_of(vectors().as_object(), "opens")) {
    const std::string name(text_in(row, "name"));
    const v1_envelope envelope = parsed(row.at("envelope")).value();
    const result<v1_opened> opened = open_v1(envelope, node_key(), v1_content::json);
    ASSERT_TRUE(opened.has_value()) << name;
    EXPECT_TRUE(opened->content.reveal_text() == text_in(vectors(), "content")) << name;
    EXPECT_EQ(opened->padding == crypto::rsa_padding::oaep, text_in(row, "padding") == "oaep") << name;
    EXPECT_EQ(opened->mode == v1_mode::gcm, text_in(row, "mode") == "GCM") << name;
  }
}

TEST(envelope_v1, refuses_everything_else_in_one_way) {
  const json::array& rows = codec::list_of(vectors().as_object(), "refused");
  EXPECT_GT(rows.size(), 70U);
  for (const json::value& row : rows) {
    const std::string name(text_in(row, "name"));
    const v1_envelope envelope = parsed(row.at("envelope")).value();
    const result<v1_opened> opened = open_v1(envelope, node_key(), v1_content::json);
    ASSERT_TRUE(opened.has_error()) << name;
    EXPECT_EQ(opened.error(), errc::decrypt_failed) << name;
    v1_stream_opener stream(node_key(), v1_content::json);
    EXPECT_EQ(stream.open(envelope).error(), errc::decrypt_failed) << name;
  }
}

TEST(envelope_v1, makes_the_known_ciphertexts) {
  const bytes key = codec::hex_in(vectors(), "aes_key");
  const bytes content = to_bytes(text_in(vectors(), "content"));
  EXPECT_EQ(codec::base64_encode(key), text_in(vectors(), "wrapped"));
  crypto::aes_block iv{};
  std::ranges::copy(codec::hex_in(vectors(), "iv"), iv.begin());
  EXPECT_EQ(codec::base64_encode(crypto::aes_256_cbc_seal(key, iv, content)), text_in(vectors(), "cbc"));
  crypto::aead_nonce nonce{};
  std::ranges::copy(codec::hex_in(vectors(), "gcm_iv"), nonce.begin());
  bytes sealed(content.size() + crypto::aead_tag_bytes);
  crypto::aead_key gcm(crypto::aead_id::aes_256_gcm, key, crypto::aead_use::seal);
  gcm.seal(nonce, as_bytes(text_in(vectors(), "associated_data")), content, sealed);
  EXPECT_EQ(codec::base64_encode(bytes_view(sealed).first(content.size())), text_in(vectors(), "gcm"));
  EXPECT_EQ(codec::base64_encode(bytes_view(sealed).last(16)), text_in(vectors(), "tag"));
}

TEST(envelope_v1, comes_back_from_json_in_every_form) {
  seeded_random random(1);
  for (const auto padding : {crypto::rsa_padding::oaep, crypto::rsa_padding::pkcs1}) {
    for (const v1_mode mode : {v1_mode::cbc, v1_mode::gcm}) {
      for (const v1_body body : {v1_body::ciphertext, v1_body::chat_history}) {
        v1_sealing sealing{padding, mode, {}};
        if (mode == v1_mode::gcm && body == v1_body::ciphertext) sealing.associated_data = as_bytes("about");
        const v1_envelope sealed = seal_v1(words("[1]"), node_key().public_key(), sealing, random).value();
        json::object object;
        put_v1(sealed, body, object);
        EXPECT_EQ(object.contains("mode"), mode == v1_mode::gcm);
        EXPECT_EQ(object.contains("chat_history"), body == v1_body::chat_history);
        const v1_fields fields = v1_fields_of(object, body).value();
        EXPECT_EQ(v1_field_not_base64(fields), "");
        const v1_envelope read = parse_v1(fields, limits::v1_request_bytes_max).value();
        const v1_opened opened = open_v1(read, node_key(), v1_content::json).value();
        EXPECT_EQ(opened.content.size(), 3U);
        EXPECT_EQ(opened.padding, padding);
        EXPECT_EQ(opened.mode, mode);
      }
    }
  }
}

TEST(envelope_v1, content_is_looked_at_inside) {
  seeded_random random(2);
  struct row {
    std::string_view content;
    bool json;
    bool text;
  };
  for (const row& r :
       {row{"[{}]", true, true}, row{"a prompt", false, true}, row{"", false, true},
        row{"[1] [2]", false, true}, row{"\"\xff\"", false, false}, row{"\xc0\x80", false, false}}) {
    for (const v1_mode mode : {v1_mode::cbc, v1_mode::gcm}) {
      const v1_envelope sealed =
          seal_v1(words(r.content), node_key().public_key(), {.mode = mode}, random).value();
      EXPECT_EQ(open_v1(sealed, node_key(), v1_content::json).has_value(), r.json) << r.content.size();
      EXPECT_EQ(open_v1(sealed, node_key(), v1_content::text).has_value(), r.text) << r.content.size();
    }
  }
}

TEST(envelope_v1, opens_with_its_own_key_only) {
  seeded_random random(3);
  const crypto::rsa_key other = crypto::rsa_key::generate(2048);
  const crypto::rsa_key larger = crypto::rsa_key::generate(2304);
  const v1_envelope sealed = seal_v1(words("[]"), other.public_key(), {}, random).value();
  EXPECT_TRUE(open_v1(sealed, other, v1_content::json).has_value());
  EXPECT_EQ(open_v1(sealed, node_key(), v1_content::json).error(), errc::decrypt_failed);
  EXPECT_EQ(open_v1(sealed, larger, v1_content::json).error(), errc::decrypt_failed);
  const v1_envelope longer = seal_v1(words("[]"), larger.public_key(), {}, random).value();
  EXPECT_TRUE(open_v1(longer, larger, v1_content::json).has_value());
  EXPECT_EQ(open_v1(longer, node_key(), v1_content::json).error(), errc::decrypt_failed);
}

TEST(envelope_v1, draws_a_fresh_key_and_iv_each_time) {
  seeded_random random(4);
  const v1_envelope one = seal_v1(words("[]"), node_key().public_key(), {}, random).value();
  const v1_envelope two = seal_v1(words("[]"), node_key().public_key(), {}, random).value();
  EXPECT_NE(one.iv, two.iv);
  EXPECT_NE(one.ciphertext, two.ciphertext);
}

TEST(envelope_v1, sizes_are_bounded_both_ways) {
  seeded_random random(5);
  const crypto::rsa_public_key& key = node_key().public_key();
  std::string text(limits::v1_answer_bytes_max - 16, ' ');
  text += '1';
  EXPECT_EQ(seal_v1(words(text), key, {}, random).error(), errc::message_too_large);
  text.erase(0, 1);
  const v1_envelope sealed = seal_v1(words(text), key, {}, random).value();
  EXPECT_EQ(sealed.ciphertext.size(), limits::v1_answer_bytes_max);
  json::object object;
  put_v1(sealed, v1_body::ciphertext, object);
  const v1_fields fields = v1_fields_of(object, v1_body::ciphertext).value();
  EXPECT_EQ(parse_v1(fields, limits::v1_request_bytes_max).error(), errc::too_large);
  EXPECT_EQ(parse_v1(fields, limits::v1_answer_bytes_max - 1).error(), errc::too_large);
  EXPECT_TRUE(parse_v1(fields, limits::v1_answer_bytes_max).has_value());
  const bytes about(limits::v1_associated_data_max + 1);
  const v1_sealing much{crypto::rsa_padding::oaep, v1_mode::gcm, about};
  EXPECT_EQ(seal_v1(words("[]"), key, much, random).error(), errc::too_large);
}

struct field_row {
  const char* what;
  errc verdict;
  v1_fields fields;
};

TEST(envelope_v1, fields_are_refused_by_name) {
  const std::string long_key(1'372, 'A');
  const field_row rows[] = {{"nothing", errc::ok, {}},
                            {"all", errc::ok, {"AA==", "AA==", "AA==", "GCM", "AA==", "AA=="}},
                            {"lower case", errc::ok, {.mode = "gcm"}},
                            {"mixed case", errc::ok, {.mode = "cBc"}},
                            {"unknown mode", errc::field_invalid, {.mode = "CTR"}},
                            {"longer mode", errc::field_invalid, {.mode = "GCMX"}},
                            {"tag in CBC", errc::field_invalid, {.mode = "CBC", .tag = "AA=="}},
                            {"associated data in CBC", errc::field_invalid, {.associated_data = "AA=="}},
                            {"no padding", errc::invalid_base64, {.ciphertext = "AA"}},
                            {"URL alphabet", errc::invalid_base64, {.cipherkey = "-_A="}},
                            {"space", errc::invalid_base64, {.iv = "AA= "}},
                            {"line end", errc::invalid_base64, {.ciphertext = "AAAA\n"}},
                            {"loose bits", errc::invalid_base64, {.tag = "AB=="}},
                            {"words", errc::invalid_base64, {.mode = "GCM", .associated_data = "!!!!"}},
                            {"cipherkey above 8,192 bits", errc::too_large, {.cipherkey = long_key}},
                            {"long iv", errc::too_large, {.iv = std::string_view(long_key).substr(0, 92)}},
                            {"long tag", errc::too_large, {.tag = std::string_view(long_key).substr(0, 92)}}};
  for (const field_row& r : rows) {
    const result<v1_envelope> read = parse_v1(r.fields, limits::v1_request_bytes_max);
    EXPECT_EQ(read ? errc::ok : to_errc(read.error()), r.verdict) << r.what;
    EXPECT_EQ(v1_field_not_base64(r.fields).empty(), r.verdict != errc::invalid_base64) << r.what;
  }
  EXPECT_EQ(v1_field_not_base64(rows[9].fields), "cipherkey");
  EXPECT_EQ(parse_v1({.tag = "AA=="}, 1).value().mode, v1_mode::gcm);
}

TEST(envelope_v1, members_that_are_no_strings_are_refused) {
  for (const char* name : {"ciphertext", "cipherkey", "iv", "mode", "tag", "associated_data"}) {
    for (const char* value : {"1", "true", "{}", "[]", "[\"AA==\"]", "1.5"}) {
      const auto object = codec::parse_json(std::string("{\"") + name + "\":" + value + "}").value();
      EXPECT_EQ(v1_fields_of(object.as_object(), v1_body::ciphertext).error(), errc::field_invalid) << name;
    }
    const auto empty = codec::parse_json(std::string("{\"") + name + "\":null}").value();
    EXPECT_TRUE(v1_fields_of(empty.as_object(), v1_body::ciphertext).has_value()) << name;
  }
}

TEST(v1_stream, has_one_key_and_a_fresh_iv_each_chunk) {
  seeded_random random(6);
  for (const v1_mode mode : {v1_mode::cbc, v1_mode::gcm}) {
    v1_sealing sealing{crypto::rsa_padding::pkcs1, mode, {}};
    if (mode == v1_mode::gcm) sealing.associated_data = as_bytes("stream-1");
    v1_stream_sealer sealer = v1_stream_sealer::make(node_key().public_key(), sealing, random).value();
    v1_stream_opener opener(node_key(), v1_content::json);
    std::vector<bytes> ivs;
    for (const std::string_view text : {"{\"a\":1}", "{\"b\":2}", "{}", "{}"}) {
      const v1_envelope chunk = sealer.chunk(words(text)).value();
      EXPECT_EQ(chunk.cipherkey.empty(), !ivs.empty());
      EXPECT_EQ(std::ranges::count(ivs, chunk.iv), 0);
      ivs.push_back(chunk.iv);
      const plaintext opened = opener.open(chunk).value();
      EXPECT_TRUE(opened.reveal_text() == text);
    }
  }
}

TEST(v1_stream, ends_at_the_first_failure) {
  seeded_random random(7);
  const crypto::rsa_public_key& key = node_key().public_key();
  v1_sealing sealing{crypto::rsa_padding::oaep, v1_mode::gcm, as_bytes("one")};
  v1_stream_sealer sealer = v1_stream_sealer::make(key, sealing, random).value();
  const v1_envelope first = sealer.chunk(words("{}")).value();
  const v1_envelope second = sealer.chunk(words("{}")).value();
  const v1_envelope good = sealer.chunk(words("{}")).value();
  const v1_envelope rekeyed = seal_v1(words("{}"), key, sealing, random).value();
  v1_envelope cbc = second, flipped = second, other = second, silent = second;
  cbc.mode = v1_mode::cbc;
  flipped.ciphertext[0] ^= 1;
  other.associated_data = to_bytes("two");
  silent.associated_data.clear();
  using copies = std::initializer_list<const v1_envelope*>;
  for (const v1_envelope* wrong : copies{&first, &rekeyed, &cbc, &flipped, &other}) {
    v1_stream_opener opener(node_key(), v1_content::json);
    ASSERT_TRUE(opener.open(first).has_value());
    ASSERT_TRUE(opener.open(silent).has_value()) << "associated data is the session's";
    EXPECT_EQ(opener.open(*wrong).error(), errc::decrypt_failed);
    EXPECT_EQ(opener.open(good).error(), errc::decrypt_failed) << "after the end";
  }
  v1_stream_opener late(node_key(), v1_content::json);
  EXPECT_EQ(late.open(second).error(), errc::decrypt_failed) << "no key yet";
}

TEST(v1_public_key, is_read_in_every_spelling) {
  const std::string pem(text_in(vectors(), "public_key_pem"));
  const std::string in_base64 = codec::base64_encode(as_bytes(pem));
  std::string windows;
  for (const char c : pem) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& text : {in_base64, pem, std::string(text_in(vectors(), "public_key_der")),
                                  in_base64 + "\n", windows, codec::base64_encode(as_bytes(windows)),
                                  codec::base64_encode(as_bytes(pem.substr(0, pem.size() - 1)))}) {
    const auto key = parse_v1_public_key(text);
    ASSERT_TRUE(key.has_value()) << text.size();
    EXPECT_EQ(v1_public_key_text(*key), in_base64);
  }
  EXPECT_EQ(in_base64.size(), 604U);
  EXPECT_EQ(v1_public_key_text(node_key().public_key()), in_base64);
}

TEST(v1_public_key, is_refused_otherwise) {
  const std::string pem(text_in(vectors(), "public_key_pem"));
  const std::string in_base64 = codec::base64_encode(as_bytes(pem));
  const std::string secret(text_in(vectors(), "private_key_pkcs8"));
  for (const std::string& text :
       {std::string(), std::string("AAAA"), std::string("key"), in_base64.substr(0, 596),
        in_base64 + in_base64, secret, codec::base64_encode(as_bytes(secret)), pem + pem,
        codec::base64_encode(as_bytes(in_base64)), codec::base64_encode(as_bytes(" " + pem))}) {
    EXPECT_EQ(parse_v1_public_key(text).error(), errc::invalid_argument) << text.size();
  }
  EXPECT_EQ(parse_v1_public_key(std::string(5'465, 'A')).error(), errc::too_large);
}

TEST(v1_private_key, is_the_same_in_both_forms) {
  const std::string old(text_in(vectors(), "private_key_pkcs1"));
  std::string windows;
  for (const char c : old) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& text : {old, windows, old.substr(0, old.size() - 1)}) {
    const auto key = crypto::rsa_key::from_pem(secret_key(as_bytes(text)));
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->public_key().pem(), node_key().public_key().pem());
  }
}

}  // namespace
}  // namespace tp::e2ee
