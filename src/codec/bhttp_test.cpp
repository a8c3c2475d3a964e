// Binary HTTP against RFC 9292's examples, the failure vectors of the sealed API, and every slicing of both.
#include "codec/bhttp.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "base/limits.hpp"
#include "codec/hex.hpp"
#include "codec/json.hpp"
#include "codec/varint.hpp"

namespace tp::codec {
namespace {

json::object vectors(std::string_view file) {
  std::ifstream in(std::string(TP_SOURCE_DIR) + "/tests/testdata/vectors/" + std::string(file));
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed) << file;
  return parsed ? parsed->as_object() : json::object{};
}

std::string_view text_at(const json::object& from, std::string_view name) {
  const json::string* found = find_string(from, name);
  EXPECT_NE(found, nullptr) << name;
  return found ? text_of(*found) : std::string_view{};
}

bytes hex_at(const json::object& from, std::string_view name) {
  auto decoded = hex_decode(text_at(from, name));
  EXPECT_TRUE(decoded) << name;
  return decoded ? *decoded : bytes{};
}

// In JSON the vectors hold Latin-1: one code point a byte.
std::string latin1(std::string_view utf8) {
  std::string out;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c < 0x80) {
      out += utf8[i];
      continue;
    }
    const auto second = static_cast<unsigned char>(utf8[++i]);
    out += static_cast<char>(((c & 3U) << 6U) | (second & 0x3fU));
  }
  return out;
}

template <class Push>
errc push_sliced(bytes_view message, std::size_t slice, const Push& push) {
  while (!message.empty()) {
    const bytes piece = to_bytes(message.first(std::min(slice, message.size())));
    const auto pushed = push(bytes_view(piece));
    if (!pushed) return to_errc(pushed.error());
    message = message.subspan(piece.size());
  }
  return errc::ok;
}

struct decoded_request {
  errc error = errc::ok;
  bhttp_request request;
};

decoded_request read_request(bytes_view message, std::size_t slice) {
  bhttp_request_decoder decoder;
  const errc pushed = push_sliced(message, slice, [&](bytes_view piece) { return decoder.push(piece); });
  auto finished = decoder.finish();
  if (pushed != errc::ok) {
    EXPECT_FALSE(finished);
    EXPECT_EQ(to_errc(finished.error()), pushed);
    return {pushed, {}};
  }
  if (!finished) return {to_errc(finished.error()), {}};
  return {errc::ok, std::move(*finished)};
}

struct decoded_response {
  errc error = errc::ok;
  bhttp_response head;
  plaintext content;
};

decoded_response read_response(bytes_view message, std::size_t slice) {
  decoded_response got;
  bhttp_response_decoder decoder;
  const auto keep = [&](bytes_view piece) {
    EXPECT_NE(decoder.head(), nullptr);
    got.content.append(piece);
  };
  got.error = push_sliced(message, slice, [&](bytes_view piece) { return decoder.push(piece, keep); });
  const auto finished = decoder.finish();
  if (got.error == errc::ok && !finished) got.error = to_errc(finished.error());
  EXPECT_EQ(got.error == errc::ok, finished.has_value());
  if (got.error == errc::ok) {
    EXPECT_NE(decoder.head(), nullptr);
    if (decoder.head()) got.head = *decoder.head();
  }
  return got;
}

constexpr std::size_t slices[] = {SIZE_MAX, 1, 2, 3, 7, 1000};

void expect_fields(const http_fields& fields, const json::array& wanted) {
  ASSERT_EQ(fields.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const json::array& line = wanted[i].as_array();
    EXPECT_EQ(fields[i].name, latin1(text_of(line[0].as_string())));
    EXPECT_EQ(fields[i].value, latin1(text_of(line[1].as_string())));
  }
}

TEST(bhttp, reads_the_published_examples) {
  const json::object file = vectors("bhttp-rfc9292.json");
  const json::array* list = find_array(file, "vectors");
  ASSERT_NE(list, nullptr);
  ASSERT_GT(list->size(), 5U);
  for (const json::value& value : *list) {
    const json::object& vector = value.as_object();
    SCOPED_TRACE(text_at(vector, "name"));
    const bytes message = hex_at(vector, "encoded");
    const json::object& wanted = *find_object(vector, "decoded");
    const bytes content = hex_at(wanted, "content");
    for (const std::size_t slice : slices) {
      if (text_at(vector, "kind") == "request") {
        const decoded_request got = read_request(message, slice);
        ASSERT_EQ(got.error, errc::ok) << name(got.error);
        EXPECT_EQ(got.request.method, text_at(wanted, "method"));
        EXPECT_EQ(got.request.scheme, text_at(wanted, "scheme"));
        EXPECT_EQ(got.request.authority, text_at(wanted, "authority"));
        EXPECT_EQ(got.request.path, text_at(wanted, "path"));
        EXPECT_TRUE(to_bytes(got.request.content.reveal()) == content);
        expect_fields(got.request.fields, *find_array(wanted, "headers"));
      } else {
        const decoded_response got = read_response(message, slice);
        ASSERT_EQ(got.error, errc::ok) << name(got.error);
        EXPECT_EQ(got.head.status, find_integer(wanted, "status"));
        EXPECT_TRUE(to_bytes(got.content.reveal()) == content);
        expect_fields(got.head.fields, *find_array(wanted, "headers"));
      }
    }
  }
}

// Failures that are decided after decoding, by the node.
bool is_later(std::string_view failure) { return !failure.starts_with("bhttp_"); }

TEST(bhttp, names_the_failures_of_requests) {
  const json::object file = vectors("negative.json");
  const json::array* list = find_array(file, "inner");
  ASSERT_NE(list, nullptr);
  std::set<std::string> seen;
  for (const json::value& value : *list) {
    const json::object& vector = value.as_object();
    SCOPED_TRACE(text_at(vector, "name"));
    const std::string_view expected = text_at(vector, "expect");
    const std::string_view wanted = is_later(expected) ? "ok" : expected;
    const bytes message = hex_at(vector, "message");
    for (const std::size_t slice : slices) {
      EXPECT_EQ(name(read_request(message, slice).error), wanted) << slice;
    }
    seen.emplace(wanted);
  }
  EXPECT_EQ(seen.size(), 8U);  // ok and every bhttp_ failure
}

TEST(bhttp, names_the_failures_of_responses) {
  const json::object file = vectors("negative.json");
  const json::array* list = find_array(file, "bhttp_responses");
  ASSERT_NE(list, nullptr);
  ASSERT_GT(list->size(), 10U);
  for (const json::value& value : *list) {
    const json::object& vector = value.as_object();
    SCOPED_TRACE(text_at(vector, "name"));
    const bytes message = hex_at(vector, "message");
    for (const std::size_t slice : slices) {
      EXPECT_EQ(name(read_response(message, slice).error), text_at(vector, "expect")) << slice;
    }
  }
}

bhttp_request example() {
  bhttp_request request;
  request.authority = "node.token.place";
  request.path = "/v1/chat/completions?a=b";
  const std::string value(100, 'v');
  request.fields = {{"Date", "Mon, 21 Sep 2026 14:13:20 GMT"}, {"x-long", value}, {"empty", ""}};
  request.content = plaintext(to_bytes("{\"messages\":[]}"));
  return request;
}

TEST(bhttp, what_is_encoded_is_decoded) {
  const bhttp_request request = example();
  const std::size_t least = bhttp_request_bytes(request);
  for (const std::size_t padded : {std::size_t{0}, std::size_t{10}, least, std::size_t{1024}}) {
    const auto encoded = encode_bhttp_request(request, padded);
    ASSERT_TRUE(encoded);
    EXPECT_EQ(encoded->size(), std::max(padded, bhttp_request_bytes(request)));
    const decoded_request got = read_request(encoded->reveal(), SIZE_MAX);
    ASSERT_EQ(got.error, errc::ok);
    EXPECT_EQ(got.request.method, "POST");
    EXPECT_EQ(got.request.path, request.path);
    EXPECT_EQ(got.request.fields.size(), 3U);
    EXPECT_EQ(got.request.fields[0].name, "date");
    EXPECT_EQ(got.request.fields.find("x-long"), request.fields.find("x-long"));
    EXPECT_TRUE(to_bytes(got.request.content.reveal()) == to_bytes(request.content.reveal()));
  }
}

// The encoder has to make the bytes that the sealed vectors hold.
TEST(bhttp, encodes_the_request_of_the_vectors) {
  const json::object file = vectors("negative.json");
  const bytes wanted = hex_at(file, "request_plaintext");
  const decoded_request got = read_request(wanted, SIZE_MAX);
  ASSERT_EQ(got.error, errc::ok);
  const auto again = encode_bhttp_request(got.request, wanted.size());
  ASSERT_TRUE(again);
  EXPECT_TRUE(to_bytes(again->reveal()) == wanted);
}

TEST(bhttp, responses_are_decoded_as_encoded) {
  const bhttp_response head{201, {{"Content-Type", "application/json"}, {"content-length", "5"}}};
  const auto whole = encode_bhttp_response(head, as_bytes("hello"), 256);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->size(), 256U);
  plaintext streamed;
  ASSERT_TRUE(put_bhttp_response_head(streamed, head));
  put_bhttp_content(streamed, as_bytes("he"));
  put_bhttp_content(streamed, {});
  put_bhttp_content(streamed, as_bytes("llo"));
  put_bhttp_end(streamed, 9);
  for (const plaintext* message : {&whole.value(), static_cast<const plaintext*>(&streamed)}) {
    for (const std::size_t slice : slices) {
      const decoded_response got = read_response(message->reveal(), slice);
      ASSERT_EQ(got.error, errc::ok) << name(got.error);
      EXPECT_EQ(got.head.status, 201);
      EXPECT_EQ(got.head.fields.find("content-type"), "application/json");
      EXPECT_TRUE(got.content.reveal_text() == "hello");
    }
  }
  const auto unpadded = encode_bhttp_response(head, as_bytes("hello"));
  EXPECT_EQ(bhttp_response_bytes(head, as_bytes("hello")), unpadded->size());
}

TEST(bhttp, informational_responses_before_the_head_are_stepped_over) {
  for (const std::size_t count :
       {std::size_t{1}, limits::bhttp_informational_max, limits::bhttp_informational_max + 1}) {
    plaintext message;
    put_bhttp_processing(message, bhttp_place::begins);
    for (std::size_t i = 1; i < count; ++i) put_bhttp_processing(message, bhttp_place::follows);
    ASSERT_TRUE(put_bhttp_response_head(message, {404, {{"date", "x"}}}, bhttp_place::follows));
    put_bhttp_content(message, as_bytes("hello"));
    put_bhttp_end(message, 3);
    const decoded_response got = read_response(message.reveal(), 7);
    if (count > limits::bhttp_informational_max) {
      EXPECT_EQ(got.error, errc::bhttp_too_large);
      continue;
    }
    ASSERT_EQ(got.error, errc::ok) << name(got.error);
    EXPECT_EQ(got.head.status, 404);
    EXPECT_EQ(got.head.fields.find("date"), "x");
    EXPECT_TRUE(got.content.reveal_text() == "hello");
  }
}

TEST(bhttp, encoders_refuse_what_no_receiver_takes) {
  struct row {
    void (*spoil)(bhttp_request&);
    errc error;
  };
  const row rows[] = {
      {[](bhttp_request& r) { r.method = "P OST"; }, errc::bhttp_control},
      {[](bhttp_request& r) { r.scheme = "1"; }, errc::bhttp_control},
      {[](bhttp_request& r) { r.authority = "u@h"; }, errc::bhttp_control},
      {[](bhttp_request& r) { r.path = "v1"; }, errc::bhttp_control},
      {[](bhttp_request& r) { r.path = "/" + std::string(limits::bhttp_path_bytes_max, 'a'); },
       errc::bhttp_control},
      {[](bhttp_request& r) { r.fields = {{"a", std::string(limits::bhttp_section_bytes_max, 'a')}}; },
       errc::bhttp_too_large},
      {[](bhttp_request& r) { r.fields = {{"Content-Length", "3"}}; }, errc::bhttp_content_length},
  };
  for (const row& row : rows) {
    bhttp_request request = example();
    row.spoil(request);
    EXPECT_EQ(encode_bhttp_request(request).error(), row.error);
  }
  plaintext out;
  EXPECT_EQ(put_bhttp_response_head(out, {199, {}}).error(), errc::bhttp_control);
  EXPECT_EQ(put_bhttp_response_head(out, {600, {}}).error(), errc::bhttp_control);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(encode_bhttp_response({200, {{"content-length", "6"}}}, as_bytes("hello")).error(),
            errc::bhttp_content_length);
}

// Where a message may end, by cutting one at every byte.
TEST(bhttp, may_end_only_between_its_parts) {
  const std::string_view start("\x00\x03GET\x05https\x00\x01/", 14);
  const std::string text = std::string(start) + std::string("\x04\x01n\x01v\x02xy\x04\x01t\x01v\x00\x00", 15);
  const std::set<std::size_t> ends = {14, 19, 22, 27, 28, 29};
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const bytes message = to_bytes(std::string_view(text).substr(0, size));
    for (const std::size_t slice : slices) {
      const errc wanted = ends.contains(size) ? errc::ok : errc::bhttp_truncated;
      EXPECT_EQ(read_request(message, slice).error, wanted) << size;
    }
  }
}

TEST(bhttp, may_not_end_inside_a_number) {
  const std::string get_line("\x03GET\x05https\x00\x01/", 13);
  const std::string zero("\0", 1);
  for (const std::string& framing : {zero, std::string("\x02")}) {
    std::string message = framing + get_line;
    for (int part = 0; part < 3; ++part) {  // before the header section, the content, the trailer section
      for (const std::size_t slice : slices) {
        EXPECT_EQ(read_request(to_bytes(message), slice).error, errc::ok) << part;
        EXPECT_EQ(read_request(to_bytes(message + "\x40"), slice).error, errc::bhttp_truncated) << part;
        EXPECT_EQ(read_request(to_bytes(message + "\xc0" + zero + zero), slice).error, errc::bhttp_truncated);
      }
      message += zero;
    }
  }
}

// The bounds are those of one section, not of all together.
TEST(bhttp, counts_each_section_alone) {
  std::string lines;
  for (int i = 0; i < 60; ++i) lines += "\x01n\x40\xa0" + std::string(160, 'v');
  ASSERT_GT(lines.size(), limits::bhttp_section_bytes_max / 2);
  const std::string zero("\0", 1);
  const std::string section = lines + zero;
  const std::string message =
      "\x03\x40\x66" + section + "\x40\x67" + section + "\x40\xc8" + section + zero + section;
  for (const std::size_t slice : slices) {
    const decoded_response got = read_response(to_bytes(message), slice);
    EXPECT_EQ(got.error, errc::ok) << name(got.error);
    EXPECT_EQ(got.head.fields.size(), 60U);
  }
  std::string many;
  for (std::size_t i = 0; i <= limits::bhttp_lines_max; ++i) many += "\x01n\x01v";
  const std::string in_trailer = "\x03\x40\xc8" + zero + zero + many + zero;
  EXPECT_EQ(read_response(to_bytes(in_trailer), SIZE_MAX).error, errc::bhttp_too_large);
}

TEST(bhttp, refuses_lengths_before_the_bytes_come) {
  const std::string huge = "\xff\xff\xff\xff\xff\xff\xff\xff";
  const std::string get_line("\x03GET\x05https\x00\x01/", 13);
  struct row {
    std::string text;
    errc error;
  };
  const row rows[] = {
      {std::string("\x00", 1) + huge, errc::bhttp_control},
      {std::string("\x00\x03GET", 5) + huge, errc::bhttp_control},
      {std::string("\x00\x03GET\x05https", 11) + huge, errc::bhttp_control},
      {std::string("\x00\x03GET\x05https\x00", 12) + huge, errc::bhttp_control},
      {std::string("\x00", 1) + get_line + huge, errc::bhttp_too_large},
      {std::string("\x02", 1) + get_line + huge, errc::bhttp_too_large},
      {std::string("\x02", 1) + get_line + "\x01n" + huge, errc::bhttp_too_large},
      {std::string("\x02", 1) + get_line + std::string("\0", 1) + huge, errc::bhttp_truncated},
      {std::string("\x00", 1) + get_line + std::string("\0", 1) + huge, errc::bhttp_truncated},
      {huge, errc::bhttp_framing},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    for (const std::size_t slice : slices) {
      EXPECT_EQ(read_request(to_bytes(rows[i].text), slice).error, rows[i].error) << "row " << i;
    }
  }
}

TEST(bhttp, hands_out_content_before_the_end_and_then_tells_of_the_cut) {
  plaintext message;
  ASSERT_TRUE(put_bhttp_response_head(message, {200, {}}));
  put_bhttp_content(message, as_bytes("first"));
  bhttp_response_decoder decoder;
  EXPECT_EQ(decoder.head(), nullptr);
  std::size_t content = 0;
  ASSERT_TRUE(decoder.push(message.reveal(), [&](bytes_view piece) { content += piece.size(); }));
  ASSERT_NE(decoder.head(), nullptr);
  EXPECT_EQ(decoder.head()->status, 200);
  EXPECT_EQ(content, 5U);
  EXPECT_EQ(decoder.finish().error(), errc::bhttp_truncated);
  EXPECT_EQ(decoder.push(as_bytes("x"), [](bytes_view) {}).error(), errc::bhttp_truncated);
}

}  // namespace
}  // namespace tp::codec
