#include "relaycore/client_address.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace tp::relaycore {
namespace {

constexpr std::string_view proxy = "10.0.0.1";
constexpr std::string_view client = "203.0.113.7";

trusted_proxies our_proxies() {
  const std::string networks[] = {"10.0.0.0/8", "2001:db8:aaaa::/48", "127.0.0.1"};
  return *trusted_proxies::parse(networks);
}

std::string seen(std::string_view peer, const forwarding_fields& fields) {
  return client_address(*codec::parse_ip(peer), our_proxies(), fields).text();
}

TEST(client_address, x_forwarded_for_is_read_from_the_right) {
  const struct {
    std::string_view why;
    std::vector<std::string_view> fields;
    std::string_view seen;
  } rows[] = {
      {"no field", {}, proxy},
      {"one hop", {"203.0.113.7"}, client},
      {"a port", {"203.0.113.7:4711"}, client},
      {"a mapped address", {"::ffff:203.0.113.7"}, client},
      {"what the client wrote itself", {"198.51.100.1, 203.0.113.7"}, client},
      {"garbage that the client wrote itself", {"\"; DROP, 203.0.113.7"}, client},
      {"two proxies of ours", {"203.0.113.7, 10.2.3.4"}, client},
      {"two fields", {"198.51.100.1, 203.0.113.7", "10.2.3.4"}, client},
      {"white space", {" \t203.0.113.7\t ,10.2.3.4 "}, client},
      {"only proxies of ours: the outermost", {"10.9.9.9, 10.2.3.4"}, "10.9.9.9"},
      {"IPv6", {"2001:db8:1::5"}, "2001:db8:1::5"},
      {"IPv6 with brackets and port", {"[2001:db8:1::5]:80"}, "2001:db8:1::5"},
      {"an IPv6 proxy", {"203.0.113.7, 2001:db8:aaaa::1"}, client},
      {"empty", {""}, proxy},
      {"an empty element", {"203.0.113.7,"}, proxy},
      {"a name", {"example.org"}, proxy},
      {"unknown", {"unknown"}, proxy},
      {"a wrong port", {"203.0.113.7:99999"}, proxy},
      {"no end of the bracket", {"[2001:db8::1"}, proxy},
      {"IPv4 in brackets", {"[203.0.113.7]"}, proxy},
      {"garbage behind a proxy of ours", {"garbage, 10.2.3.4"}, proxy},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(seen(proxy, {{}, row.fields}), row.seen) << row.why;
  }
}

TEST(client_address, forwarded_is_read_as_rfc_7239_has_it) {
  const struct {
    std::string_view why;
    std::vector<std::string_view> fields;
    std::string_view seen;
  } rows[] = {
      {"one hop", {"for=203.0.113.7"}, client},
      {"case and other parameters", {"proto=https;For=203.0.113.7;by=10.0.0.1"}, client},
      {"quoted with a port", {"for=\"203.0.113.7:4711\""}, client},
      {"quoted IPv6", {"for=\"[2001:db8:1::5]:80\""}, "2001:db8:1::5"},
      {"escapes", {"for=\"\\203.0.113.7\""}, client},
      {"what the client wrote itself", {"for=198.51.100.1, for=203.0.113.7"}, client},
      {"two proxies of ours", {"for=203.0.113.7, for=10.2.3.4;proto=http"}, client},
      {"two fields", {"for=198.51.100.1, for=203.0.113.7", "for=10.2.3.4"}, client},
      {"white space", {" for=203.0.113.7 ; proto=http , for=10.2.3.4 "}, client},
      {"a comma in quotes", {"for=203.0.113.7;host=\"a,b\""}, client},
      {"a broken field before a whole one", {"for=\"198.51.100.1", "for=203.0.113.7"}, client},
      {"a broken quote in the same field", {"for=\"198.51.100.1, for=203.0.113.7"}, proxy},
      {"unquoted IPv6", {"for=[2001:db8:1::5]"}, proxy},
      {"hidden", {"for=_secret"}, proxy},
      {"unknown", {"for=unknown"}, proxy},
      {"nobody named", {"proto=https"}, proxy},
      {"two names in one element", {"for=203.0.113.7;for=198.51.100.1"}, proxy},
      {"empty", {""}, proxy},
      {"an empty element", {"for=203.0.113.7,"}, proxy},
      {"no value", {"for="}, proxy},
      {"a quote without an end", {"for=\"203.0.113.7\\"}, proxy},
      {"something after the quote", {"for=\"203.0.113.7\"x"}, proxy},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(seen(proxy, {row.fields, {}}), row.seen) << row.why;
  }
}

TEST(client_address, a_peer_that_is_no_proxy_of_ours_is_the_client_whatever_it_says) {
  EXPECT_EQ(seen("198.51.100.9", {{"for=203.0.113.7"}, {}}), "198.51.100.9");
  EXPECT_EQ(seen("198.51.100.9", {{}, {"203.0.113.7"}}), "198.51.100.9");
  EXPECT_EQ(client_address(*codec::parse_ip(proxy), trusted_proxies(), {{}, {client}}).text(), proxy)
      << "nobody is trusted unless the operator says so";
}

TEST(client_address, a_client_cannot_choose_its_address_with_the_field_its_proxy_hands_on) {
  EXPECT_EQ(seen(proxy, {{"for=198.51.100.1"}, {"203.0.113.7"}}), proxy);
  EXPECT_EQ(seen(proxy, {{"nonsense"}, {"203.0.113.7"}}), proxy);
  EXPECT_EQ(seen(proxy, {{"nonsense"}, {"nonsense"}}), proxy);
  EXPECT_EQ(seen(proxy, {{"for=203.0.113.7"}, {"203.0.113.7"}}), client);
}

TEST(client_address, a_chain_without_end_is_not_followed) {
  std::string hops = "203.0.113.7";
  std::string pairs = "for=203.0.113.7";
  for (std::size_t i = 1; i < limits::forwarded_hops_max; ++i) {
    hops += ",10.0.0.2";
    pairs += ",for=10.0.0.2";
  }
  EXPECT_EQ(seen(proxy, {{}, {hops}}), client);
  EXPECT_EQ(seen(proxy, {{pairs}, {}}), client);
  EXPECT_EQ(seen(proxy, {{}, {hops + ",10.0.0.2"}}), proxy);
  EXPECT_EQ(seen(proxy, {{pairs + ",for=10.0.0.2"}, {}}), proxy);
}

TEST(client_address, one_client_behind_a_proxy_does_not_eat_anothers_bucket) {
  const auto key = [](std::string_view forwarded_for) {
    return limit_key(client_address(*codec::parse_ip(proxy), our_proxies(), {{}, {forwarded_for}}));
  };
  EXPECT_NE(key("203.0.113.7"), key("203.0.113.8"));
  EXPECT_EQ(key("198.51.100.1, 203.0.113.7"), key("198.51.100.2, 203.0.113.7"));
}

TEST(client_address, limits_count_ipv6_by_64_bits) {
  const auto key = [](std::string_view address) { return limit_key(*codec::parse_ip(address)); };
  EXPECT_EQ(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(key("2001:db8:1:2::"), key("2001:db8:1:2:ffff::1"));
  EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
  EXPECT_EQ(key("::ffff:192.0.2.1"), key("192.0.2.1"));
}

TEST(client_address, own_programs_are_exempt_only_by_default_and_only_directly) {
  const auto exempt = [](std::string_view peer, const forwarding_fields& fields, limits_origin origin) {
    return exempt_from_limits(*codec::parse_ip(peer), fields, origin);
  };
  EXPECT_TRUE(exempt("127.0.0.1", {}, limits_origin::defaults));
  EXPECT_TRUE(exempt("::1", {}, limits_origin::defaults));
  EXPECT_FALSE(exempt("127.0.0.1", {}, limits_origin::set_by_operator));
  EXPECT_FALSE(exempt("127.0.0.1", {{}, {"203.0.113.7"}}, limits_origin::defaults));
  EXPECT_FALSE(exempt("127.0.0.1", {{""}, {}}, limits_origin::defaults));
  EXPECT_FALSE(exempt("192.0.2.1", {}, limits_origin::defaults));
}

TEST(client_address, a_list_of_proxies_is_refused_whole) {
  const std::string wrong[] = {"10.0.0.0/8", "example.org"};
  EXPECT_EQ(to_errc(trusted_proxies::parse(wrong).error()), errc::invalid_argument);
  const std::vector<std::string> many(limits::trusted_proxies_max + 1, "10.0.0.0/8");
  EXPECT_EQ(to_errc(trusted_proxies::parse(many).error()), errc::too_many);
}

}  // namespace
}  // namespace tp::relaycore
