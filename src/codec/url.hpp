// The URLs we dial: http, https, ws, wss, and tcp for raw libp2p, with a host, a port and a target.
// Pure functions, any thread. Refuses user names and passwords, fragments, other schemes, percent-encoded or
// otherwise odd host names, port 0 and anything longer than limits::url_bytes_max.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tp::codec {

enum class url_scheme { http, https, ws, wss, tcp };
std::string_view name(url_scheme scheme) noexcept;

struct url {
  url_scheme scheme = url_scheme::http;
  std::string host;         // lower case; an IPv6 address without its brackets
  std::uint16_t port = 80;  // the scheme's own when none was written; tcp has none
  std::string target;       // path and query as written, "/" when there is none

  bool operator==(const url&) const = default;
};

// Fails with invalid_url.
result<url> parse_url(std::string_view text);

// https and wss.
bool is_secure(const url& address) noexcept;
// What stands in a Host field: brackets around IPv6, the port only when it is not the scheme's own.
std::string host_field(const url& address);
// The whole, spelled one way: parse_url of it gives an equal url.
std::string to_text(const url& address);

}  // namespace tp::codec
