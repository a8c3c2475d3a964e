#include "codec/ip.hpp"

#include <gtest/gtest.h>

namespace tp::codec {
namespace {

TEST(ip, both_families_are_read_and_written_in_one_spelling) {
  const struct {
    std::string_view text;
    std::string_view spelled;  // empty: refused
  } rows[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"::ffff:c000:201", "192.0.2.1"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"::", "::"},
      {"", ""},
      {"192.0.2", ""},
      {"192.0.2.01", ""},
      {"192.0.2.1:80", ""},
      {"[::1]", ""},
      {"fe80::1%eth0", ""},
      {" 192.0.2.1", ""},
      {"example.org", ""},
  };
  for (const auto& row : rows) {
    const auto address = parse_ip(row.text);
    ASSERT_EQ(address.has_value(), !row.spelled.empty()) << row.text;
    if (address) EXPECT_EQ(address->text(), row.spelled);
  }
}

TEST(ip, loopback_is_known_in_every_spelling) {
  for (const std::string_view yes : {"127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(parse_ip(yes)->is_loopback()) << yes;
  }
  for (const std::string_view no : {"128.0.0.1", "::", "::2", "1::1", "0.0.0.0", "::127.0.0.1"}) {
    EXPECT_FALSE(parse_ip(no)->is_loopback()) << no;
  }
}

TEST(ip, a_network_holds_the_addresses_of_its_prefix_and_family) {
  const struct {
    std::string_view network;
    std::string_view address;
    bool inside;
  } rows[] = {
      {"10.0.0.0/8", "10.255.1.2", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"10.128.0.0/9", "10.127.0.1", false},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.8", false},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "203.0.113.9", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"::1/128", "::1", true},
  };
  for (const auto& row : rows) {
    const auto network = parse_ip_network(row.network);
    ASSERT_TRUE(network.has_value()) << row.network;
    EXPECT_EQ(network->contains(*parse_ip(row.address)), row.inside) << row.network << " " << row.address;
  }
}

TEST(ip, what_is_no_network_is_refused) {
  for (const std::string_view text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ", "10.0.0.1/8",
        "::/129", "2001:db8::1/64", "10.0.0.0/8/8", "10.0.0.0/999999999999", "10.0.0.0/+8", "localhost"}) {
    EXPECT_FALSE(parse_ip_network(text).has_value()) << text;
  }
}

TEST(ip, a_network_of_an_address_keeps_its_first_bits) {
  EXPECT_EQ(parse_ip("2001:db8:1:2:3:4:5:6")->network(64).text(), "2001:db8:1:2::");
  EXPECT_EQ(parse_ip("192.0.2.77")->network(32).text(), "192.0.2.77");
  EXPECT_EQ(parse_ip("192.0.2.77")->network(25).text(), "192.0.2.0");
  EXPECT_EQ(parse_ip("192.0.2.77")->network(0).text(), "0.0.0.0");
  EXPECT_EQ(parse_ip("2001:db8::1")->network(200).text(), "2001:db8::1");
}

}  // namespace
}  // namespace tp::codec
