#include "relaycore/client_address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/limits.hpp"
#include "codec/http1_chars.hpp"
#include "codec/http_fields.hpp"

namespace tp::relaycore {

namespace {

using codec::chars::trim;
using hop = std::optional<codec::ip_address>;  // nullopt: cannot be read

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() && port <= 65'535 &&
         text.size() <= 5;
}

// 192.0.2.1, 192.0.2.1:80, [2001:db8::1], [2001:db8::1]:80, and 2001:db8::1 as X-Forwarded-For has it.
hop read_node(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && (!rest.starts_with(':') || !is_port(rest.substr(1)))) return std::nullopt;
    const auto six = codec::parse_ip6(text.substr(1, end - 1));
    return six ? hop(codec::ip_address::v6(*six)) : std::nullopt;
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    if (!is_port(text.substr(colon + 1))) return std::nullopt;
    const auto four = codec::parse_ip4(text.substr(0, colon));
    return four ? hop(codec::ip_address::v4(*four)) : std::nullopt;
  }
  return codec::parse_ip(text);
}

// The elements of one X-Forwarded-For field from the right, until `take` has seen enough (returns false).
template <class Take>
bool each_from_right(std::string_view field, const Take& take) {
  while (true) {
    const std::size_t comma = field.rfind(',');
    const std::string_view element = comma == std::string_view::npos ? field : field.substr(comma + 1);
    if (!take(read_node(trim(element)))) return false;
    if (comma == std::string_view::npos) return true;
    field = field.substr(0, comma);
  }
}

// A value of RFC 7239 section 4: a token or a quoted string, taken off the front of `text`.
std::optional<std::string> take_value(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    const std::size_t end = std::min(text.find_first_of(",; \t"), text.size());
    value = text.substr(0, end);
    text.remove_prefix(end);
    return codec::is_token(value) ? std::optional(value) : std::nullopt;
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    value.push_back(text[i]);
  }
  return std::nullopt;
}

// One element: pairs separated by ';', taken off the front of `text` up to its ',' or end. Not readable is
// nullopt of the outer; an element that names no address we can use is nullopt of the inner.
std::optional<hop> take_element(std::string_view& text) {
  hop found;
  bool named = false;
  while (true) {
    text = trim(text);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || !codec::is_token(text.substr(0, equals))) return std::nullopt;
    const bool is_for = codec::same_name(text.substr(0, equals), "for");
    text.remove_prefix(equals + 1);
    const auto value = take_value(text);
    if (!value || (is_for && named)) return std::nullopt;
    if (is_for) {
      named = true;
      found = read_node(*value);
    }
    text = trim(text);
    if (text.empty() || text.front() == ',') return found;
    if (text.front() != ';') return std::nullopt;
    text.remove_prefix(1);
  }
}

// All elements of one Forwarded field, left to right because of its quotes. Not readable: one hop that is not
// either.
std::vector<hop> read_forwarded(std::string_view field) {
  std::vector<hop> hops;
  while (true) {
    const auto element = take_element(field);
    if (!element || hops.size() > 4 * limits::forwarded_hops_max) return {std::nullopt};
    hops.push_back(*element);
    if (field.empty()) return hops;
    field.remove_prefix(1);  // the comma
  }
}

// Walks from the nearest hop outwards.
struct walk {
  const trusted_proxies& trusted;
  hop client;
  std::size_t hops = 0;

  // Whether the next hop outwards is wanted: this one is a trusted proxy.
  bool step(const hop& next) {
    client = ++hops > limits::forwarded_hops_max ? std::nullopt : next;
    return client && trusted.contains(*client);
  }
};

hop client_of_forwarded(const trusted_proxies& trusted, const std::vector<std::string_view>& fields) {
  walk outwards{trusted, std::nullopt};
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
    const std::vector<hop> hops = read_forwarded(*field);
    for (auto each = hops.rbegin(); each != hops.rend(); ++each) {
      if (!outwards.step(*each)) return outwards.client;
    }
  }
  return outwards.client;
}

hop client_of_x_forwarded_for(const trusted_proxies& trusted, const std::vector<std::string_view>& fields) {
  walk outwards{trusted, std::nullopt};
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
    if (!each_from_right(*field, [&](const hop& next) { return outwards.step(next); })) break;
  }
  return outwards.client;
}

}  // namespace

result<trusted_proxies> trusted_proxies::parse(std::span<const std::string> networks) {
  if (networks.size() > limits::trusted_proxies_max) return errc::too_many;
  trusted_proxies made;
  for (const std::string& text : networks) {
    const auto network = codec::parse_ip_network(text);
    if (!network) return errc::invalid_argument;
    made.networks_.push_back(*network);
  }
  return made;
}

bool trusted_proxies::contains(const codec::ip_address& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const codec::ip_network& network) { return network.contains(address); });
}

codec::ip_address client_address(const codec::ip_address& peer, const trusted_proxies& trusted,
                                 const forwarding_fields& fields) {
  if (!fields.any() || !trusted.contains(peer)) return peer;
  const hop standard = client_of_forwarded(trusted, fields.forwarded);
  const hop usual = client_of_x_forwarded_for(trusted, fields.x_forwarded_for);
  if (fields.x_forwarded_for.empty()) return standard.value_or(peer);
  if (fields.forwarded.empty()) return usual.value_or(peer);
  return standard && standard == usual ? *standard : peer;
}

std::string limit_key(const codec::ip_address& client) {
  return client.is_v4() ? client.text() : client.network(64).text() + "/64";
}

bool exempt_from_limits(const codec::ip_address& peer, const forwarding_fields& fields,
                        limits_origin origin) {
  return origin == limits_origin::defaults && peer.is_loopback() && !fields.any();
}

}  // namespace tp::relaycore
