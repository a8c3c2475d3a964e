// Who a client is behind proxies: the address that limits count by. Pure functions, any thread.
// Only proxies on the operator's list are believed, and each only about the hop before it: the fields are
// read from the right. Whatever cannot be read there makes the peer itself the client: nobody gains by
// sending garbage.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "codec/ip.hpp"

namespace tp::relaycore {

class trusted_proxies {
 public:
  trusted_proxies() = default;  // nobody
  // "10.0.0.0/8", "::1" …; invalid_argument for anything else, too_many beyond limits::trusted_proxies_max.
  static result<trusted_proxies> parse(std::span<const std::string> networks);

  bool contains(const codec::ip_address& address) const;

 private:
  std::vector<codec::ip_network> networks_;
};

// The fields of one request that name whom it is for, in the order they came.
struct forwarding_fields {
  std::vector<std::string_view> forwarded;        // Forwarded (RFC 7239)
  std::vector<std::string_view> x_forwarded_for;  // X-Forwarded-For
  bool any() const { return !forwarded.empty() || !x_forwarded_for.empty(); }
};

// The address of the client: the right-most hop that is not a trusted proxy. The peer's own if the peer is
// not trusted, if a field cannot be read as far as needed, and if the two fields do not agree: a proxy writes
// one of them and hands on the other as the client sent it.
codec::ip_address client_address(const codec::ip_address& peer, const trusted_proxies& trusted,
                                 const forwarding_fields& fields);

// What limits count by: an IPv4 address, or the /64 of an IPv6 one, as text.
std::string limit_key(const codec::ip_address& client);

enum class limits_origin { defaults, set_by_operator };

// Requests of this machine's own programs are not counted unless the operator set a limit. One that names
// somebody it is forwarded for came through a proxy and always counts.
bool exempt_from_limits(const codec::ip_address& peer, const forwarding_fields& fields, limits_origin origin);

}  // namespace tp::relaycore
