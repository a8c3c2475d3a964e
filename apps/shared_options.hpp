// Options that several programs or commands have, and the checks of their values; each check says why a value
// is wrong, or nothing. Pure functions, for the option tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "codec/peer_id.hpp"
#include "codec/url.hpp"
#include "codec/utf8.hpp"
#include "config/load.hpp"

namespace tp::apps {

inline std::string http_url_only(std::string_view text) {
  const result<codec::url> address = codec::parse_url(text);
  const bool fits = address.has_value() && (address->scheme == codec::url_scheme::http ||
                                            address->scheme == codec::url_scheme::https);
  return fits ? "" : "is not an http:// or https:// address";
}

inline std::string relay_url_only(std::string_view text) {
  return codec::parse_url(text).has_value() ? "" : "is not an http, https, ws, wss or tcp address";
}

inline std::string peer_id_only(std::string_view text) {
  return codec::peer_id::parse(text).has_value() ? "" : "is not a node's id (52 characters, 12D3KooW…)";
}

// A longer name would keep the node out of the directory.
inline std::string node_name_only(std::string_view text) {
  if (!codec::valid_utf8(text)) return "is not UTF-8 text";
  return text.size() <= limits::record_name_bytes_max ? "" : "is longer than 64 bytes";
}

inline void add(std::vector<config::option>& to, const std::vector<config::option>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// `least` is 0 where a port may be left to the system.
inline config::option port_option(std::string name, std::string fallback, std::string help, std::string group,
                                  std::int64_t least, std::vector<std::string> environment = {}) {
  return {.name = std::move(name),
          .type = config::option_type::integer,
          .fallback = std::move(fallback),
          .help = std::move(help),
          .group = std::move(group),
          .minimum = least,
          .maximum = 65'535,
          .environment = std::move(environment)};
}

inline config::option relay_ca_option(std::string help, std::string group) {
  return {.name = "relay-ca",
          .type = config::option_type::path,
          .help = std::move(help),
          .group = std::move(group),
          .value_name = "FILE"};
}

inline config::option engine_url_option(std::string help, std::string group) {
  return {.name = "engine-url",
          .help = std::move(help),
          .group = std::move(group),
          .value_name = "URL",
          .check = http_url_only,
          .one_of = "engine"};
}

inline config::option context_option(std::string group) {
  return {.name = "context",
          .type = config::option_type::integer,
          .fallback = "0",
          .help = "Context length in tokens for one request; 0: the model's own",
          .group = std::move(group),
          .maximum = 16'777'216};
}

inline config::option concurrency_option(std::string group) {
  return {.name = "max-concurrency",
          .type = config::option_type::integer,
          .fallback = "4",
          .help = "Requests answered at the same time",
          .group = std::move(group),
          .minimum = 1,
          .maximum = 1'024};
}

inline config::option drain_time_option(std::string help, std::string group) {
  return {.name = "drain-time",
          .type = config::option_type::duration,
          .fallback = "20s",
          .help = std::move(help),
          .group = std::move(group),
          .maximum = 3'600'000};
}

// What a relay and a node have at the end of their tables. `shown_by` is a path of theirs.
inline std::vector<config::option> service_options(const std::string& shown_by) {
  std::vector<config::option> made{{.name = "env",
                                    .fallback = "development",
                                    .help = "What kind of place this is; shown by " + shown_by,
                                    .choices = {"development", "testing", "production"}}};
  add(made, config::common_options());
  return made;
}

// The tables of a shared configuration file that a relay or a node leaves to others.
inline std::vector<std::string> foreign_sections(std::string other_service) {
  return {std::move(other_service), "up", "chat", "gateway", "nodes", "models", "doctor", "seal"};
}

}  // namespace tp::apps
