#include "codec/multiaddr.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "codec/hex.hpp"

namespace tp::codec {
namespace {

struct pair {
  std::string_view text, hex;
};
// From the tests of go-multiaddr, then one for each code that is left, by the table of
// multiformats/multiaddr.
constexpr pair pairs[] = {
    {"/ip4/127.0.0.1/udp/1234", "047f000001910204d2"},
    {"/ip4/127.0.0.1/tcp/4321", "047f0000010610e1"},
    {"/ip6/2001:8a0:7ac5:4201:3ac9:86ff:fe31:7095", "29200108a07ac542013ac986fffe317095"},
    {"/dnsaddr/sjc-1.bootstrap.libp2p.io", "3819736a632d312e626f6f7473747261702e6c69627032702e696f"},
    {"/p2p/QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC",
     "a503221220d52ebb89d85b02a284948203a62ff28389c57c9f42beec4ec20db76a68911c0b"},
    {"/ip4/127.0.0.1/udp/1234/quic-v1", "047f000001910204d2cd03"},
    {"/dns/a/tcp/0/ws", "350161060000dd03"},
    {"/dns4/a/tcp/443/wss", "3601610601bbde03"},
    {"/dns6/a/tcp/65535/tls/sni/b/ws", "37016106ffffc003c1030162dd03"},
    {"/p2p-circuit/webrtc", "a2029902"},
    {"/webrtc-direct/certhash/uEiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
     "9802d2032212200000000000000000000000000000000000000000000000000000000000000000"},
    {"/quic-v1/webtransport", "cd03d103"},
};

TEST(multiaddr, known_answers_both_ways) {
  for (const pair& p : pairs) {
    const bytes binary = hex_decode(p.hex).value();
    const auto from_text = multiaddr::parse(p.text);
    ASSERT_TRUE(from_text) << p.text;
    EXPECT_EQ(hex_encode(from_text->encode()), p.hex);
    const auto from_binary = multiaddr::decode(binary);
    ASSERT_TRUE(from_binary) << p.text;
    EXPECT_EQ(from_binary->text(), p.text);
    EXPECT_EQ(*from_binary, *from_text);
  }
}

TEST(multiaddr, writes_ipv6_as_rfc_5952) {
  constexpr pair spellings[] = {{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
                                {"0:0:0:0:0:0:0:0", "::"},
                                {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
                                {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
                                {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
                                {"fe80:0:0:0:0:0:0:0", "fe80::"},
                                {"::ffff:102:304", "::ffff:1.2.3.4"},
                                {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
                                {"::1", "::1"}};
  for (const auto& [given, wanted] : spellings) {
    EXPECT_EQ(multiaddr::parse("/ip6/" + std::string(given)).value().text(), "/ip6/" + std::string(wanted));
  }
}

TEST(multiaddr, answers_what_a_dialler_asks) {
  const std::string peer = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
  const std::string relay = "12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV";
  const auto address =
      multiaddr::parse("/dns4/relay.example/tcp/5000/ws/p2p/" + relay + "/p2p-circuit/p2p/" + peer).value();
  EXPECT_EQ(address.port(), 5000);
  EXPECT_EQ(address.peer().value().text(), peer);
  ASSERT_NE(address.find(multiaddr_code::dns4), nullptr);
  EXPECT_EQ(multiaddr::value_text(*address.find(multiaddr_code::dns4)), "relay.example");
  EXPECT_EQ(multiaddr::value_text(*address.find(multiaddr_code::ws)), "");
  EXPECT_EQ(address.find(multiaddr_code::udp), nullptr);

  const auto local = multiaddr::parse("/ip4/127.0.0.1").value();
  EXPECT_EQ(local.port(), std::nullopt);
  EXPECT_FALSE(local.peer());
  EXPECT_FALSE(multiaddr::parse("/p2p/QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC").value().peer());
}

TEST(multiaddr, refuses_broken_text) {
  for (const std::string_view text : {"",
                                      "/",
                                      "//",
                                      "ip4/127.0.0.1",
                                      "/ip4",
                                      "/ip4/",
                                      "/ip4/127.0.0.1/",
                                      "/ip4/127.0.0.1//tcp/1",
                                      "/ip4/127.1",
                                      "/ip4/127.0.0.256",
                                      "/ip4/::1",
                                      "/ip6/127.0.0.1",
                                      "/ip6/::1%eth0",
                                      "/ip6/1:2",
                                      "/tcp/65536",
                                      "/tcp/01",
                                      "/tcp/-1",
                                      "/tcp/a",
                                      "/tcp/",
                                      "/tcp",
                                      "/dns/",
                                      "/dns/a b",
                                      "/dns/a\n",
                                      "/dns/\xc3\xa9",
                                      "/p2p/abc",
                                      "/p2p/0",
                                      "/p2p/",
                                      "/certhash/abc",
                                      "/certhash/u",
                                      "/certhash/uEiA=",
                                      "/ws/x",
                                      "/unknown",
                                      "/IP4/127.0.0.1",
                                      "/ipfs/Qm"}) {
    EXPECT_EQ(multiaddr::parse(text).error(), errc::invalid_multiaddr) << text;
  }
}

TEST(multiaddr, refuses_broken_binary) {
  for (const std::string_view hex : {"",
                                     "04",
                                     "047f0000",
                                     "0600",
                                     "3500",
                                     "3502",
                                     "350261",
                                     "35012f",
                                     "350120",
                                     "a503",
                                     "a50300",
                                     "a503021200",
                                     "a50303120200",
                                     "d20300",
                                     "8400",
                                     "04007f00000180",
                                     "ff",
                                     "05",
                                     "dd8300",
                                     "ffffffffffffffffff01"}) {
    EXPECT_EQ(multiaddr::decode(hex_decode(hex).value()).error(), errc::invalid_multiaddr) << hex;
  }
}

TEST(multiaddr, refuses_more_than_its_bounds) {
  std::string parts;
  for (std::size_t i = 0; i < limits::multiaddr_parts_max; ++i) parts += "/ws";
  EXPECT_TRUE(multiaddr::parse(parts));
  EXPECT_FALSE(multiaddr::parse(parts + "/ws"));
  bytes binary = multiaddr::parse(parts).value().encode();
  append(binary, multiaddr::parse("/ws").value().encode());
  EXPECT_FALSE(multiaddr::decode(binary));

  std::string names;
  for (std::size_t i = 0; i < 5; ++i) names += "/dns/" + std::string(250, 'a');
  EXPECT_FALSE(multiaddr::parse(names));
  EXPECT_FALSE(multiaddr::parse("/dns/" + std::string(254, 'a')));
}

TEST(multiaddr, from_parts_checks_what_it_is_given) {
  EXPECT_TRUE(multiaddr::from_parts({{multiaddr_code::tcp, {0x13, 0x88}}, {multiaddr_code::ws, {}}}));
  EXPECT_FALSE(multiaddr::from_parts({}));
  EXPECT_FALSE(multiaddr::from_parts({{multiaddr_code::tcp, {0x13}}}));
  EXPECT_FALSE(multiaddr::from_parts({{multiaddr_code::ws, {0}}}));
  EXPECT_FALSE(multiaddr::from_parts({{static_cast<multiaddr_code>(7), {}}}));
}

}  // namespace
}  // namespace tp::codec
