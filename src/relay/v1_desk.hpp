// The first token.place's side of this relay (COMPAT): its relay routes, where a mailbox keeps what waits,
// and its encrypted API requests, which go to a node of ours as they came. Owned by the relay, outlives its
// connections; event loop thread only. What it carries is sealed; it refuses what the mailbox's bounds
// refuse, and never holds more than limits::v1_waiting_max clients waiting, and as many nodes.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "openai/routes.hpp"
#include "relay/context.hpp"
#include "relay/v1_key_book.hpp"
#include "relay/v1_waits.hpp"
#include "relaycore/v1_mailbox.hpp"
#include "relaycore/v1_routes_json.hpp"

namespace tp::relay {

class envelope_call;

class v1_desk {
 public:
  explicit v1_desk(context& shared);

  // A node of ours has registered, or its record has changed or ended.
  void on_record(const std::string& peer, const std::optional<std::string>& rsa_pem);
  void on_node_gone(std::string_view peer);

  // The relay routes.
  asio::awaitable<void> serve(relaycore::v1_route route, codec::ip_address peer, net::http_exchange& call);
  // GET /v1/public-key.
  asio::awaitable<void> serve_public_key(codec::ip_address peer, net::http_exchange& call);
  // A request with "encrypted": true; `server_key`: which node's, empty: one that was given to this client.
  asio::awaitable<void> serve_encrypted(codec::ip_address peer, net::http_exchange& call, bytes body,
                                        std::string server_key, relaycore::rate_verdict verdict);

  // Called by the sweep.
  void expire(steady_time now);
  // Answers everybody who waits.
  void begin_drain();

 private:
  using counted = relaycore::rate_verdict;

  asio::awaitable<void> faucet(net::http_exchange& call, std::string client, counted verdict);
  asio::awaitable<void> sink(net::http_exchange& call, std::string origin);
  asio::awaitable<void> source(net::http_exchange& call, std::string origin);
  asio::awaitable<void> retrieve(net::http_exchange& call);
  asio::awaitable<void> unregister(net::http_exchange& call, std::string origin);
  asio::awaitable<void> stream_source(net::http_exchange& call, std::string origin);
  asio::awaitable<void> stream_retrieve(net::http_exchange& call);
  bool has_token(const codec::http_head& request, std::string& origin) const;
  async::task<void> wait_for_mail(const std::string& client_key, async::deadline until);

  node_link* link_of(std::string_view peer);
  // The request's way to one of our own nodes and the answer's into the mailbox.
  asio::awaitable<void> push(relaycore::v1_receipt to, bytes body);
  async::task<void> take_whole(relaycore::v1_exchange_id id, envelope_call& sent);
  async::task<void> take_stream(relaycore::v1_exchange_id id, envelope_call& sent);
  asio::awaitable<void> pass_on(net::http_exchange& call, envelope_call& sent, counted verdict);

  context& shared_;
  relaycore::v1_mailbox mailbox_;
  v1_key_book keys_;
  v1_waits clients_;  // by client key
  v1_waits nodes_;    // by node key
  steady_time expired_{};
};

// What of an API request decides where it goes; the rest is the node's.
struct v1_api_marks {
  bool encrypted = false;
  std::string server_key;
};
v1_api_marks find_v1_marks(std::string_view body);

}  // namespace tp::relay
