// Everything an operator can set, and the relay's metrics. Values, made in main and not changed afterwards.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "codec/url.hpp"
#include "crypto/hash.hpp"
#include "relay/rate_gate.hpp"

namespace tp::relay {

struct times {
  std::chrono::milliseconds head = limits::http_head_time;            // from a head's first byte to its end
  std::chrono::milliseconds idle = limits::http_idle_time;            // keep-alive without a request
  std::chrono::milliseconds handshake = limits::link_handshake_time;  // of TLS, and of a link
  std::chrono::milliseconds link_register = limits::link_register_time;  // of a session without a record
  std::chrono::milliseconds upload = limits::upload_time;                // a whole sealed request
  std::chrono::milliseconds first_head = limits::first_head_time;        // until the node's answer begins
  std::chrono::milliseconds silence = limits::silence_time;              // between bytes of the answer
  std::chrono::milliseconds call = limits::call_time;                    // a whole exchange
  std::chrono::milliseconds drain = limits::drain_time;                  // on shutdown
  std::chrono::milliseconds sweep = std::chrono::milliseconds(250);  // how often all of these are looked at
};

struct settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 5000;
  std::optional<codec::url> gateway;      // where plain OpenAI calls go
  std::filesystem::path tls_certificate;  // empty: plain HTTP
  std::filesystem::path tls_key;
  std::string environment = "development";    // shown by /healthz
  rate_settings rates;                        // of inference requests
  std::vector<crypto::digest> server_tokens;  // SHA-256 of what a v1 node may show; empty: none is asked for
  std::size_t connections_max = limits::relay_connections_max;
  std::size_t unregistered_max = limits::links_unregistered_max;
  std::size_t unregistered_per_address_max = limits::links_unregistered_per_address_max;
  times time;
};

}  // namespace tp::relay
