#include "relay/link_gate.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tp::relay {
namespace {

codec::ip_address from(const std::string& text) { return *codec::parse_ip(text); }

TEST(link_gate, one_customer_has_a_bound_of_its_own) {
  struct row {
    const char* name;
    const char* first;
    const char* second;
    bool same;
  };
  const std::vector<row> rows{
      {"one IPv4 address", "192.0.2.1", "192.0.2.1", true},
      {"two IPv4 addresses", "192.0.2.1", "192.0.2.2", false},
      {"one address, mapped", "192.0.2.1", "::ffff:192.0.2.1", true},
      {"two mapped addresses", "::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
      {"one /64", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
      {"two /64", "2001:db8:0:1::1", "2001:db8:0:2::1", false},
      {"loopback", "127.0.0.1", "127.0.0.1", false},
      {"loopback, IPv6", "::1", "::1", false},
      {"loopback, mapped", "::ffff:127.0.0.1", "127.0.0.1", false},
  };
  for (const row& want : rows) {
    link_gate gate(10, 1);
    ASSERT_TRUE(gate.has_room(from(want.first))) << want.name;
    link_gate::place held = gate.enter(from(want.first));
    EXPECT_EQ(gate.has_room(from(want.second)), !want.same) << want.name;
    held.leave();
    EXPECT_TRUE(gate.has_room(from(want.second))) << want.name;
  }
}

TEST(link_gate, all_together_have_a_bound_and_a_place_is_given_back_once) {
  link_gate gate(2, 10);
  {
    const link_gate::place first = gate.enter(from("127.0.0.1"));
    link_gate::place second = gate.enter(from("192.0.2.1"));
    EXPECT_FALSE(gate.has_room(from("127.0.0.1")));
    EXPECT_FALSE(gate.has_room(from("192.0.2.9")));
    link_gate::place moved = std::move(second);
    moved.leave();
    moved.leave();
    EXPECT_EQ(gate.size(), 1U);
    EXPECT_TRUE(gate.has_room(from("192.0.2.9")));
  }
  EXPECT_EQ(gate.size(), 0U);
}

}  // namespace
}  // namespace tp::relay
