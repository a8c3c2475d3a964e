#include "codec/url.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace tp::codec {
namespace {

struct accepted {
  std::string_view text;
  url expected;
  std::string_view host_field, written;
};

const accepted table[] = {
    {"http://h", {url_scheme::http, "h", 80, "/"}, "h", "http://h/"},
    {"https://relay.example/",
     {url_scheme::https, "relay.example", 443, "/"},
     "relay.example",
     "https://relay.example/"},
    {"ws://h/p2p", {url_scheme::ws, "h", 80, "/p2p"}, "h", "ws://h/p2p"},
    {"wss://h:8443/?a=b%20c", {url_scheme::wss, "h", 8443, "/?a=b%20c"}, "h:8443", "wss://h:8443/?a=b%20c"},
    {"HTTP://Relay.EXAMPLE:80/Path",
     {url_scheme::http, "relay.example", 80, "/Path"},
     "relay.example",
     "http://relay.example/Path"},
    {"http://127.0.0.1:5000",
     {url_scheme::http, "127.0.0.1", 5000, "/"},
     "127.0.0.1:5000",
     "http://127.0.0.1:5000/"},
    {"http://[2001:DB8:0:0::1]:5000/x",
     {url_scheme::http, "2001:db8::1", 5000, "/x"},
     "[2001:db8::1]:5000",
     "http://[2001:db8::1]:5000/x"},
    {"https://[::1]", {url_scheme::https, "::1", 443, "/"}, "[::1]", "https://[::1]/"},
    {"http://h:/", {url_scheme::http, "h", 80, "/"}, "h", "http://h/"},
    {"https://h:80", {url_scheme::https, "h", 80, "/"}, "h:80", "https://h:80/"},
    {"http://h?q", {url_scheme::http, "h", 80, "/?q"}, "h", "http://h/?q"},
    {"tcp://h:5000", {url_scheme::tcp, "h", 5000, "/"}, "h:5000", "tcp://h:5000/"},
    {"http://h:65535", {url_scheme::http, "h", 65535, "/"}, "h:65535", "http://h:65535/"},
};

TEST(url, takes_apart_and_writes_one_spelling) {
  for (const accepted& row : table) {
    const auto parsed = parse_url(row.text);
    ASSERT_TRUE(parsed) << row.text;
    EXPECT_EQ(parsed->scheme, row.expected.scheme) << row.text;
    EXPECT_EQ(parsed->host, row.expected.host) << row.text;
    EXPECT_EQ(parsed->port, row.expected.port) << row.text;
    EXPECT_EQ(parsed->target, row.expected.target) << row.text;
    EXPECT_EQ(host_field(*parsed), row.host_field);
    EXPECT_EQ(to_text(*parsed), row.written);
    EXPECT_EQ(parse_url(to_text(*parsed)).value(), *parsed);
  }
}

TEST(url, knows_which_schemes_are_secure) {
  EXPECT_FALSE(is_secure(parse_url("http://h").value()));
  EXPECT_FALSE(is_secure(parse_url("ws://h").value()));
  EXPECT_TRUE(is_secure(parse_url("https://h").value()));
  EXPECT_TRUE(is_secure(parse_url("wss://h").value()));
}

TEST(url, refuses_everything_else) {
  for (const std::string_view text : {"",
                                      "h",
                                      "//h/",
                                      "/path",
                                      "http:",
                                      "http:/h",
                                      "http://",
                                      "http:///path",
                                      "http://:80",
                                      "ftp://h",
                                      "tcp://h",
                                      "tcp://h:/",
                                      "file:///etc",
                                      "javascript:1",
                                      "http://user@h/",
                                      "http://user:secret@h/",
                                      "http://@h/",
                                      "http://h/#fragment",
                                      "http://h#",
                                      "http://h:0",
                                      "http://h:65536",
                                      "http://h:99999999999",
                                      "http://h:8a",
                                      "http://h:-1",
                                      "http://h /",
                                      "http://h/ x",
                                      "http://h/\r\nx",
                                      "http://h/\x80",
                                      "http://h%41/",
                                      "http://a,b/",
                                      "http://[::1",
                                      "http://[::1%25eth0]/",
                                      "http://[v1.a]/",
                                      "http://[1.2.3.4]/",
                                      "http://127.1/",
                                      "http://1.2.3.256/",
                                      "http://2130706433/",
                                      " http://h",
                                      "s:\xff",
                                      "http://h:8a/x",
                                      "http://[::1]x/",
                                      "http://[::1]:x/",
                                      "http://h\n",
                                      "http://h/<",
                                      "http://h/%zz"}) {
    EXPECT_EQ(parse_url(text).error(), errc::invalid_url) << text;
  }
  EXPECT_EQ(parse_url("http://h/" + std::string(limits::url_bytes_max, 'a')).error(), errc::invalid_url);
  EXPECT_EQ(parse_url("http://" + std::string(254, 'a')).error(), errc::invalid_url);
}

}  // namespace
}  // namespace tp::codec
