#include "codec/url.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "codec/ip.hpp"

namespace tp::codec {

namespace {

std::optional<url_scheme> scheme_of(std::string_view lower_case) {
  for (const url_scheme known :
       {url_scheme::http, url_scheme::https, url_scheme::ws, url_scheme::wss, url_scheme::tcp}) {
    if (lower_case == name(known)) return known;
  }
  return std::nullopt;
}

// 0: there is none.
std::uint16_t default_port(url_scheme scheme) {
  if (scheme == url_scheme::tcp) return 0;
  return scheme == url_scheme::https || scheme == url_scheme::wss ? 443 : 80;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Letters, digits, '-', '_' and '.': never a percent sign or anything a Host field would have to escape.
// Digits and dots alone have to be a whole IPv4 address, since resolvers read "127.1" as one.
bool valid_name(std::string_view host) {
  if (host.find_first_not_of("0123456789.") == std::string_view::npos && !parse_ip4(host)) return false;
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

// Path and query of RFC 3986: its characters, and percent signs only before two hexadecimal digits.
bool valid_target(std::string_view target) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (c == '%') {
      if (i + 2 >= target.size() || !is_hex_digit(target[i + 1]) || !is_hex_digit(target[i + 2]))
        return false;
    } else if (!is_letter_or_digit(c) &&
               std::string_view("-._~!$&'()*+,;=:@/?").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// Host without brackets, and what stands behind it: "" or ":port".
struct authority {
  std::string host;
  std::string_view port;
};

std::optional<authority> split(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const auto address = parse_ip6(text.substr(1, end - 1));
    if (!address) return std::nullopt;
    return authority{ip6_text(*address), text.substr(end + 1)};
  }
  const std::size_t end = std::min(text.find(':'), text.size());
  if (!valid_name(text.substr(0, end))) return std::nullopt;
  return authority{lower(text.substr(0, end)), text.substr(end)};
}

// "" and ":" mean the scheme's own, if it has one.
std::optional<std::uint16_t> parse_port(std::string_view text, url_scheme scheme) {
  if (text.empty() || text == ":") {
    const std::uint16_t own = default_port(scheme);
    return own == 0 ? std::nullopt : std::optional(own);
  }
  if (text.front() != ':') return std::nullopt;
  std::uint32_t port = 0;
  for (const char c : text.substr(1)) {
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
    case url_scheme::http:
      return "http";
    case url_scheme::https:
      return "https";
    case url_scheme::ws:
      return "ws";
    case url_scheme::wss:
      return "wss";
    case url_scheme::tcp:
      return "tcp";
  }
  return "unknown";
}

// By hand: Boost.URL 1.81 takes "h:8a" for port 8 and a path "a", and asserts on "s:" before a byte above 7f.
result<url> parse_url(std::string_view text) {
  if (text.size() > limits::url_bytes_max) return errc::invalid_url;
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return errc::invalid_url;
  const auto scheme = scheme_of(lower(text.substr(0, scheme_end)));
  if (!scheme) return errc::invalid_url;

  const std::string_view rest = text.substr(scheme_end + 3);
  const std::size_t target_start = std::min(rest.find_first_of("/?#"), rest.size());
  const auto parts = split(rest.substr(0, target_start));  // a user name does not pass as host or port
  if (!parts) return errc::invalid_url;
  const auto port = parse_port(parts->port, *scheme);
  std::string target(rest.substr(target_start));
  if (!port || !valid_target(target)) return errc::invalid_url;  // '#' is not among a target's characters
  if (!target.starts_with('/')) target.insert(0, "/");
  return url{*scheme, parts->host, *port, std::move(target)};
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
