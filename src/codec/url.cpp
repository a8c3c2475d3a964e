#include "codec/url.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <optional>

#include "base/limits.hpp"
#include "codec/ip.hpp"

namespace tp::codec {

namespace {

std::optional<url_scheme> scheme_of(std::string_view lower_case) {
  for (const url_scheme known : {url_scheme::http, url_scheme::https, url_scheme::ws, url_scheme::wss}) {
    if (lower_case == name(known)) return known;
  }
  return std::nullopt;
}

std::uint16_t default_port(url_scheme scheme) {
  return scheme == url_scheme::https || scheme == url_scheme::wss ? 443 : 80;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(boost::core::string_view text) {
  std::string out(text.data(), text.size());
  for (char& c : out) c = lower(c);
  return out;
}

// Letters, digits, '-', '_' and '.': never a percent sign or anything a Host field would have to escape.
// Digits and dots alone have to be a whole IPv4 address, since resolvers read "127.1" as one.
bool valid_name(std::string_view host) {
  if (host.find_first_not_of("0123456789.") == std::string_view::npos && !parse_ip4(host)) return false;
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

// Without brackets; empty when it is none of ours.
std::string host_of(const boost::urls::url_view& parsed) {
  if (parsed.host_type() == boost::urls::host_type::ipv6) {
    const auto address = parsed.host_ipv6_address().to_bytes();
    return ip6_text(address);
  }
  std::string host = lower(parsed.encoded_host());
  return valid_name(host) ? host : std::string();
}

std::optional<std::uint16_t> port_of(const boost::urls::url_view& parsed, url_scheme scheme) {
  const boost::core::string_view text = parsed.port();
  if (text.empty()) return default_port(scheme);
  std::uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
    if (port > 65'535) return std::nullopt;
  }
  if (port == 0) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

std::string_view name(url_scheme scheme) noexcept {
  switch (scheme) {
    case url_scheme::http: return "http";
    case url_scheme::https: return "https";
    case url_scheme::ws: return "ws";
    case url_scheme::wss: return "wss";
  }
  return "unknown";
}

result<url> parse_url(std::string_view text) {
  if (text.size() > limits::url_bytes_max) return errc::invalid_url;
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return errc::invalid_url;
  const auto scheme = scheme_of(lower(parsed->scheme()));
  if (!scheme || !parsed->has_authority() || parsed->has_userinfo() || parsed->has_fragment()) {
    return errc::invalid_url;
  }
  url address;
  address.scheme = *scheme;
  address.host = host_of(*parsed);
  const auto port = port_of(*parsed, *scheme);
  if (address.host.empty() || !port) return errc::invalid_url;
  address.port = *port;
  const auto path = parsed->encoded_path();
  address.target = path.empty() ? std::string("/") : std::string(path.data(), path.size());
  if (parsed->has_query()) {
    const auto query = parsed->encoded_query();
    address.target.append("?").append(query.data(), query.size());
  }
  return address;
}

bool is_secure(const url& address) noexcept {
  return address.scheme == url_scheme::https || address.scheme == url_scheme::wss;
}

std::string host_field(const url& address) {
  std::string text = bracketed(address.host);
  if (address.port != default_port(address.scheme)) text.append(":").append(std::to_string(address.port));
  return text;
}

std::string to_text(const url& address) {
  return std::string(name(address.scheme)) + "://" + host_field(address) + address.target;
}

}  // namespace tp::codec
