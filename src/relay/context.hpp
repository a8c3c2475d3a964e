// What every connection of one relay shares. Made by relay.cpp, outlives all connections; event loop thread
// only.
#pragma once

#include <list>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "async/task_scope.hpp"
#include "base/clock.hpp"
#include "base/services.hpp"
#include "codec/http1.hpp"
#include "crypto/ed25519.hpp"
#include "net/http_server.hpp"
#include "relay/link_gate.hpp"
#include "relay/meters.hpp"
#include "relay/rate_gate.hpp"
#include "relay/settings.hpp"
#include "relaycore/directory.hpp"

namespace tp::relay {

class front;
class gateway_proxy;
class node_link;
class v1_desk;

struct context {
  services& with;
  const settings& config;
  const crypto::ed25519_key& identity;
  meters& count;
  async::task_scope& tasks;  // every connection and link runs here
  asio::any_io_executor tasks_executor;

  relaycore::directory nodes{};
  std::map<std::string, node_link*, std::less<>> links{};  // registered nodes by the text of their peer id
  std::set<node_link*> sessions{};                         // every libp2p session, registered or not
  std::list<front*> fronts{};                              // every client connection, for the sweep
  link_gate unregistered{config.unregistered_max, config.unregistered_per_address_max};

  rate_gate rates{config.rates, with.clock};
  v1_desk* v1 = nullptr;             // set by the relay before anything is accepted
  gateway_proxy* gateway = nullptr;  // null: plain OpenAI calls are refused with what to do instead

  net::http_server_settings cold_settings{};  // of everything but the hot route
  net::http_drain drain{};

  // Used between two suspensions only, so one of each serves all connections.
  bytes read_buffer = bytes(64U << 10);
  bytes write_buffer{};
  codec::http_head request_head{};
  codec::http_head response_head{};

  bool draining = false;
  steady_time now() const { return with.clock.steady_now(); }
};

}  // namespace tp::relay
