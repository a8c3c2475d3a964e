// Forwarded and X-Forwarded-For: whatever a client writes before what our proxy appends, the proxy's word is
// what counts; or, where its field cannot be told from the client's, the proxy itself is. The first byte
// chooses the form.
#include "relaycore/client_address.hpp"

#include "base/assert.hpp"
#include "base/bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  using namespace tp::relaycore;
  if (size == 0) return 0;
  static const codec::ip_address peer = *codec::parse_ip("10.0.0.1");
  static const codec::ip_address client = *codec::parse_ip("203.0.113.7");
  static const std::string networks[] = {"10.0.0.0/8"};
  static const trusted_proxies trusted = *trusted_proxies::parse(networks);
  const std::string written(as_chars({data + 1, size - 1}));

  const std::string list = written + ", 203.0.113.7";
  TP_ASSERT(client_address(peer, trusted, {{}, {list}}) == client);
  TP_ASSERT(client_address(peer, trusted, {{}, {written, "203.0.113.7"}}) == client);
  TP_ASSERT(client_address(peer, trusted, {{written, "for=203.0.113.7"}, {}}) == client);
  const std::string pairs = written + ", for=203.0.113.7";
  const codec::ip_address seen = client_address(peer, trusted, {{pairs}, {}});
  TP_ASSERT(seen == client || seen == peer);
  const codec::ip_address mixed = client_address(peer, trusted, {{written}, {list}});
  TP_ASSERT(mixed == client || mixed == peer);

  // All of it the peer's word: some address, never a failure; and nobody's word if the peer is not trusted.
  const bool standard = (data[0] & 1) != 0;
  const forwarding_fields fields =
      standard ? forwarding_fields{{written}, {}} : forwarding_fields{{}, {written}};
  const codec::ip_address any = client_address(peer, trusted, fields);
  TP_ASSERT(any == peer || codec::parse_ip(any.text()) == any);
  TP_ASSERT(client_address(client, trusted, fields) == client);
  TP_ASSERT(!limit_key(any).empty());
  if (const auto network = codec::parse_ip_network(written)) TP_ASSERT(network->contains(network->base));
  return 0;
}
