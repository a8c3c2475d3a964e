// Everything a node's owner can set. Values, made in main and not changed afterwards.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/secret.hpp"
#include "codec/url.hpp"

namespace tp::node {

struct times {
  std::chrono::milliseconds queue = limits::node_queue_time;         // longest wait for a slot
  std::chrono::milliseconds call = limits::call_time;                // a whole call, queue included
  std::chrono::milliseconds head_wait = limits::response_head_wait;  // then the head goes out without a token
  std::chrono::milliseconds comment = limits::response_comment_interval;  // a silent stream's sign of life
  std::chrono::milliseconds handshake = limits::link_handshake_time;      // of a session at the local port
  std::chrono::milliseconds drain = limits::drain_time;                   // on shutdown
  std::chrono::milliseconds backoff_first = limits::link_backoff_first;
  std::chrono::milliseconds backoff_max = limits::link_backoff_max;
  // A relay that served a moment ago is most likely being restarted: look often for a while.
  std::chrono::milliseconds restart_backoff_max{1'000};
  std::chrono::milliseconds restart_time{30'000};
  std::chrono::seconds record_lifetime = limits::record_lifetime;
  std::chrono::seconds record_renewal = limits::record_renewal_interval;
};

// Who has to show the owner's key, if there is one: callers of the local API, or also those inside seals.
enum class key_demand { local, everyone };

struct settings {
  std::vector<codec::url> relays;
  std::string relay_ca;  // PEM file; empty: the system's roots
  std::string name;      // shown in the directory; empty: one made of the peer id
  std::string host = "127.0.0.1";
  std::uint16_t port = 3000;
  secret_key api_key;  // must be set unless the host is loopback
  key_demand api_key_for = key_demand::local;
  std::size_t concurrency = limits::node_concurrency_default;
  std::size_t queue = limits::node_queue_default;
  std::filesystem::path state_dir;
  std::string environment = "development";  // shown by /health
  times time;
};

}  // namespace tp::node
