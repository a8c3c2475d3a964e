// Checks of option values that the three programs share; each says why a value is wrong, or nothing.
// Pure functions for option::check; they run while the command line is read.
#pragma once

#include <string>
#include <string_view>

#include "codec/peer_id.hpp"
#include "codec/url.hpp"

namespace tp::apps {

inline std::string http_url_only(std::string_view text) {
  const result<codec::url> address = codec::parse_url(text);
  const bool fits = address.has_value() && (address->scheme == codec::url_scheme::http ||
                                            address->scheme == codec::url_scheme::https);
  return fits ? "" : "is not an http:// or https:// address";
}

inline std::string relay_url_only(std::string_view text) {
  return codec::parse_url(text).has_value() ? "" : "is not an http, https, ws or wss address";
}

inline std::string peer_id_only(std::string_view text) {
  return codec::peer_id::parse(text).has_value() ? "" : "is not a node's id (52 characters, 12D3KooW…)";
}

}  // namespace tp::apps
