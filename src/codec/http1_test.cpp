// Heads: what is accepted, what is refused, and that slicing changes neither.
#include "codec/http1.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace tp::codec {
namespace {

using parser = result<std::size_t> (*)(std::string_view, http_head&);

struct outcome {
  errc error = errc::ok;
  std::size_t size = 0;
  friend bool operator==(const outcome&, const outcome&) = default;
  friend std::ostream& operator<<(std::ostream& out, const outcome& o) {
    return out << name(o.error) << " " << o.size;
  }
};

outcome whole(parser parse, std::string_view text) {
  auto head = std::make_unique<http_head>();
  const auto parsed = parse(text, *head);
  if (!parsed) return {to_errc(parsed.error()), 0};
  return {errc::ok, *parsed};
}

// Feeds prefixes, one byte longer each time, until something is decided.
outcome sliced(parser parse, std::string_view text) {
  auto head = std::make_unique<http_head>();
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::string exact(text.substr(0, size));  // its own memory: an overread is seen by the sanitizer
    const auto parsed = parse(exact, *head);
    if (!parsed) return {to_errc(parsed.error()), 0};
    if (*parsed > 0) return {errc::ok, *parsed};
  }
  return {};
}

void expect_outcome(parser parse, std::string_view text, outcome wanted, std::size_t row) {
  EXPECT_EQ(whole(parse, text), wanted) << "row " << row;
  if (text.size() <= 2'000) EXPECT_EQ(sliced(parse, text), wanted) << "row " << row;
}

std::string with_fields(std::string_view start, std::string_view fields) {
  return std::string(start) + "\r\n" + std::string(fields) + "\r\n";
}
std::string get(std::string_view fields) { return with_fields("GET / HTTP/1.1\r\nHost: a", fields); }
std::string post(std::string_view fields) { return with_fields("POST / HTTP/1.1\r\nHost: a", fields); }

TEST(http1_head, reads_a_request) {
  const std::string text =
      "POST /api/v2/nodes?model=x%20y&z=?1 HTTP/1.1\r\nHost: relay.example:5000\r\ncontent-LENGTH:\t 12 \r\n"
      "X-Empty:\r\nX-Latin: gr\xfc\xdf\t e\r\n\r\nbody of twelve";
  http_head head;
  const auto parsed = parse_request_head(text, head);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(text.substr(*parsed), "body of twelve");
  EXPECT_EQ(head.method(), "POST");
  EXPECT_EQ(head.target(), "/api/v2/nodes?model=x%20y&z=?1");
  EXPECT_EQ(head.path(), "/api/v2/nodes");
  EXPECT_EQ(head.query(), "model=x%20y&z=?1");
  EXPECT_EQ(head.minor_version(), 1);
  ASSERT_EQ(head.fields().size(), 4U);
  EXPECT_EQ(head.fields()[1].name, "content-LENGTH");
  EXPECT_EQ(head.fields()[1].value, "12");
  EXPECT_EQ(head.find("x-empty"), "");
  EXPECT_EQ(head.find("X-LATIN"), "gr\xfc\xdf\t e");
  EXPECT_FALSE(head.find("x-none"));
  EXPECT_EQ(head.content_length(), 12U);
  EXPECT_TRUE(head.keep_alive());
}

TEST(http1_head, is_reusable) {
  http_head head;
  ASSERT_TRUE(parse_request_head(post("Transfer-Encoding: chunked\r\nConnection: close\r\n"), head));
  EXPECT_TRUE(head.chunked());
  EXPECT_FALSE(head.keep_alive());
  const std::string next = get("");
  ASSERT_TRUE(parse_request_head(next, head));
  EXPECT_FALSE(head.chunked());
  EXPECT_TRUE(head.keep_alive());
  EXPECT_EQ(head.fields().size(), 1U);
  EXPECT_EQ(head.query(), "");
}

TEST(http1_head, splits_targets) {
  struct row {
    std::string_view method, target, path, query;
  };
  const row rows[] = {
      {"GET", "/", "/", ""},
      {"GET", "/?", "/", ""},
      {"GET", "//a", "//a", ""},
      {"GET", "/a/../b", "/a/../b", ""},
      {"OPTIONS", "*", "*", ""},
      {"GET", "http://a.example:80/x?y", "/x", "y"},
      {"GET", "HTTPS://[::1]", "/", ""},
      {"GET", "http://a?q", "/", "q"},
  };
  for (const row& row : rows) {
    const std::string line = std::string(row.method) + " " + std::string(row.target) + " HTTP/1.1";
    const std::string text = with_fields(line, "Host: a\r\n");
    http_head head;
    ASSERT_TRUE(parse_request_head(text, head)) << row.target;
    EXPECT_EQ(head.target(), row.target);
    EXPECT_EQ(head.path(), row.path) << row.target;
    EXPECT_EQ(head.query(), row.query) << row.target;
  }
}

TEST(http1_head, accepts) {
  const std::string texts[] = {
      get(""),
      "GET / HTTP/1.0\r\n\r\n",
      "PROPFIND /a HTTP/1.1\r\nhost:\r\n\r\n",
      get("Transfer-Encoding: ChUnKeD\r\n"),
      get("TRANSFER-ENCODING:   chunked\t\r\n"),
      post("Content-Length: 0\r\n"),
      post("Content-Length: 000000000000000005\r\n"),
      post("Content-Length: 999999999999999999\r\n"),
      get("Host-Name: a\r\n"),
      get("!#$%&'*+-.^_`|~09aZ: v\r\n"),
  };
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    expect_outcome(parse_request_head, texts[i], {errc::ok, texts[i].size()}, i);
  }
}

// Everything where two readers in a row could see two different messages.
TEST(http1_head, refuses_smuggling) {
  const std::string_view nul("a\0b", 3);
  const std::string texts[] = {
      post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
      post("Content-Length: 5\r\nContent-Length: 6\r\n"),
      post("Content-Length: 5\r\nContent-Length: 5\r\n"),
      post("Content-Length: 5, 5\r\n"),
      post("Content-Length: +5\r\n"),
      post("Content-Length: -5\r\n"),
      post("Content-Length: 0x5\r\n"),
      post("Content-Length: 5 5\r\n"),
      post("Content-Length: 5.0\r\n"),
      post("Content-Length:\r\n"),
      post("Content-Length: 1000000000000000000\r\n"),
      post("Content-Length: 18446744073709551621\r\n"),
      post("Content-Length: \xd9\xa5\r\n"),
      post("Transfer-Encoding: chunked, identity\r\n"),
      post("Transfer-Encoding: identity\r\n"),
      post("Transfer-Encoding: gzip, chunked\r\n"),
      post("Transfer-Encoding: chunked, chunked\r\n"),
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
      post("Transfer-Encoding: xchunked\r\n"),
      post("Transfer-Encoding: \"chunked\"\r\n"),
      post("Transfer-Encoding: chunked;a=b\r\n"),
      post("Transfer-Encoding:\r\n"),
      post("Transfer-Encoding: \x0b"
           "chunked\r\n"),
      post("Transfer-Encoding: chun\tked\r\n"),
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
      post("Transfer-Encoding : chunked\r\n"),
      post("Transfer-Encoding\t: chunked\r\n"),
      post(" Transfer-Encoding: chunked\r\n"),
      post("X: y\r\n Transfer-Encoding: chunked\r\n"),
      post("X: y\r\n\tfolded\r\n"),
      post("X: y\rContent-Length: 5\r\n"),
      post("X: y\nContent-Length: 5\r\n"),
      post("X: y\r\r\n"),
      post("X: " + std::string(nul) + "\r\n"),
      post("X" + std::string(nul) + ": y\r\n"),
      post("X: a\x7f\r\n"),
      post("X: aaaaaaaaaaaaaaaaaaa\x01\r\n"),
      post("no colon\r\n"),
      post(": no name\r\n"),
      post("na\xc3\xafve: v\r\n"),
      post("a,b: v\r\n"),
      post("Host: b\r\n"),
      "GET / HTTP/1.1\nHost: a\n\n",
      "GET / HTTP/1.1\r\nHost: a\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\rX",
  };
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    expect_outcome(parse_request_head, texts[i], {errc::invalid_http, 0}, i);
  }
}

TEST(http1_head, refuses_bad_request_lines) {
  const std::string texts[] = {
      "GET / HTTP/1.1\r\n\r\n",  // no Host
      "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
      "\r\n" + get(""),
      " GET / HTTP/1.1\r\n",
      "GET  / HTTP/1.1\r\n",
      "GET /  HTTP/1.1\r\n",
      "GET\t/ HTTP/1.1\r\n",
      "GET / HTTP/1.1 \r\n",
      "GET /\r\n",
      "GET / HTTP/2.0\r\n",
      "GET / HTTP/1.2\r\n",
      "GET / HTTP/1.10\r\n",
      "GET / http/1.1\r\n",
      "GET / HTTP/1,1\r\n",
      "G@T / HTTP/1.1\r\n",
      "GET /a b HTTP/1.1\r\n",
      "GET /a\tb HTTP/1.1\r\n",
      "GET /\x7f HTTP/1.1\r\n",
      "GET /\xc3\xa4 HTTP/1.1\r\n",
      "GET /a#b HTTP/1.1\r\n",
      "GET a HTTP/1.1\r\n",
      "GET * HTTP/1.1\r\n",
      "GET ftp://a/ HTTP/1.1\r\n",
      "GET http:///x HTTP/1.1\r\n",
      "GET http://u:p@a/ HTTP/1.1\r\n",
      "CONNECT a:443 HTTP/1.1\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\x16\x03\x01\x02",
  };
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    expect_outcome(parse_request_head, texts[i], {errc::invalid_http, 0}, i);
  }
}

TEST(http1_head, is_bounded_even_if_incomplete) {
  const std::size_t most = limits::http_head_bytes_max;
  const std::string open = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const std::string fits = open + std::string(most - open.size() - 4, 'x') + "\r\n\r\n";
  ASSERT_EQ(fits.size(), most);
  expect_outcome(parse_request_head, fits, {errc::ok, most}, 0);
  expect_outcome(parse_request_head, fits + "body", {errc::ok, most}, 1);
  const std::string over = open + std::string(most - open.size() - 3, 'x') + "\r\n\r\n";
  expect_outcome(parse_request_head, over, {errc::too_large, 0}, 2);
  expect_outcome(parse_request_head, over.substr(0, most), {errc::too_large, 0}, 3);
  expect_outcome(parse_request_head, over.substr(0, most - 1), {errc::ok, 0}, 4);

  const std::size_t target = limits::http_target_bytes_max;
  const auto with_target = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  expect_outcome(parse_request_head, with_target(target), {errc::ok, with_target(target).size()}, 5);
  expect_outcome(parse_request_head, with_target(target + 1), {errc::too_large, 0}, 6);

  std::string fields;
  for (std::size_t i = 1; i < limits::http_fields_max; ++i) fields += "X: y\r\n";
  expect_outcome(parse_request_head, get(fields), {errc::ok, get(fields).size()}, 7);
  expect_outcome(parse_request_head, get(fields + "X: y\r\n"), {errc::too_large, 0}, 8);
}

// A value is scanned by words: put every byte at every place of one.
TEST(http1_head, sees_every_byte_of_a_value) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool fine = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    for (std::size_t at = 0; at < 18; ++at) {
      std::string value(20, 'v');
      value[at] = static_cast<char>(byte);
      const std::string text = get("X: " + value + "\r\n");
      const outcome wanted = fine ? outcome{errc::ok, text.size()} : outcome{errc::invalid_http, 0};
      ASSERT_EQ(whole(parse_request_head, text), wanted) << byte << " at " << at;
    }
  }
}

TEST(http1_head, says_whether_the_connection_stays) {
  struct row {
    std::string_view version, connection;
    bool stays;
  };
  const row rows[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: x, CLOSE\r\n", false},
      {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
      {"1.1", "Connection: Upgrade\r\n", true},
      {"1.0", "", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
      {"1.0", "Connection: close, keep-alive\r\n", false},
  };
  for (const row& row : rows) {
    const std::string text =
        "GET / HTTP/" + std::string(row.version) + "\r\nHost: a\r\n" + std::string(row.connection) + "\r\n";
    http_head head;
    ASSERT_TRUE(parse_request_head(text, head));
    EXPECT_EQ(head.keep_alive(), row.stays) << row.connection;
  }
}

TEST(http1_head, finds_tokens_over_all_fields) {
  http_head head;
  const std::string text = get("Connection: close\r\nConnection: a, Upgrade\r\n");
  ASSERT_TRUE(parse_request_head(text, head));
  EXPECT_TRUE(head.has_token("connection", "upgrade"));
  EXPECT_FALSE(head.has_token("connection", "b"));
}

TEST(http1_head, reads_responses) {
  struct row {
    std::string text;
    int status;
  };
  const row rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200},
      {"HTTP/1.1 100 Continue\r\n\r\n", 100},
      {"HTTP/1.0 404 Not  Found \xfc\r\n\r\n", 404},
      {"HTTP/1.1 599 \r\n\r\n", 599},
      {"HTTP/1.1 204\r\n\r\n", 204},
  };
  for (const row& row : rows) {
    const auto number = static_cast<std::size_t>(row.status);
    expect_outcome(parse_response_head, row.text, {errc::ok, row.text.size()}, number);
    http_head head;
    ASSERT_TRUE(parse_response_head(row.text, head));
    EXPECT_EQ(head.status(), row.status);
  }
}

TEST(http1_head, refuses_bad_responses) {
  const std::string texts[] = {
      "HTTP/1.1 99 x\r\n",
      "HTTP/1.1 099 x\r\n",
      "HTTP/1.1 600 x\r\n",
      "HTTP/1.1 2000 x\r\n",
      "HTTP/1.1  200 OK\r\n",
      "HTTP/1.1 200 O\nK",
      "HTTP/1.1 200 O\x01K",
      "HTTP/2 200\r\n",
      "HTTP/1.1 +20 OK\r\n",
      "HTTP/1.1 200\tOK\r\n",
      "ICY 200 OK\r\n",
      "HTTP/1.1 200 OK\n\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
  };
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    expect_outcome(parse_response_head, texts[i], {errc::invalid_http, 0}, i);
  }
}

TEST(http1_framing, of_requests) {
  http_head head;
  ASSERT_TRUE(parse_request_head(post(""), head));
  EXPECT_EQ(request_framing(head)->how, body_framing::kind::none);
  ASSERT_TRUE(parse_request_head(post("Content-Length: 0\r\n"), head));
  EXPECT_EQ(request_framing(head)->how, body_framing::kind::none);
  ASSERT_TRUE(parse_request_head(post("Content-Length: 7\r\n"), head));
  EXPECT_EQ(request_framing(head)->how, body_framing::kind::length);
  EXPECT_EQ(request_framing(head)->length, 7U);
  ASSERT_TRUE(parse_request_head(post("Transfer-Encoding: chunked\r\n"), head));
  EXPECT_EQ(request_framing(head)->how, body_framing::kind::chunked);
}

TEST(http1_framing, of_responses) {
  using kind = body_framing::kind;
  struct row {
    std::string_view status, fields, method;
    kind how;
  };
  const std::string_view length = "Content-Length: 7\r\n";
  const std::string_view chunked = "Transfer-Encoding: chunked\r\n";
  const row rows[] = {
      {"200", length, "GET", kind::length},  {"200", chunked, "POST", kind::chunked},
      {"200", "", "GET", kind::until_close}, {"200", length, "HEAD", kind::none},
      {"200", chunked, "HEAD", kind::none},  {"204", length, "GET", kind::none},
      {"304", chunked, "GET", kind::none},   {"101", "", "GET", kind::none},
      {"103", length, "GET", kind::none},    {"500", "Content-Length: 0\r\n", "GET", kind::none},
  };
  for (const row& row : rows) {
    const std::string text = with_fields("HTTP/1.1 " + std::string(row.status) + " x", row.fields);
    http_head head;
    ASSERT_TRUE(parse_response_head(text, head));
    EXPECT_EQ(response_framing(head, row.method)->how, row.how) << row.status << row.method << row.fields;
  }
  http_head head;
  ASSERT_TRUE(parse_response_head("HTTP/1.1 200 OK\r\n\r\n", head));
  EXPECT_EQ(response_framing(head, "CONNECT").error(), errc::invalid_http);
}

}  // namespace
}  // namespace tp::codec
