// The nodes that the first token.place's routes know: those that poll /sink, and ours, which are reached over
// their link. Owned by v1_mailbox. Pure: the time comes in with each call.
//
// Who may poll for a key. A key is public, so naming it proves nothing. The first origin (client address, and
// token if tokens are demanded) that polls with a key holds it; for anybody else there is no work, and
// nothing says so. Where the relay can make challenges, another origin takes a key over by proving that it
// has the private one: a node whose address changed, or an owner whose key somebody squats. With proof
// required nobody holds a key without that. A key of one of our own nodes can never be polled for.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace tp::relaycore {

enum class v1_node_proof { off, required };

// Something only the holder of the private key can answer. Used once.
struct v1_challenge {
  std::string sealed;    // sent to the node
  std::string expected;  // what it must send back
};
// Makes one for a public key as the node sent it; nullopt if the key cannot be used. Sealing needs RSA, which
// the core of the relay does not have.
using v1_challenge_maker = std::function<std::optional<v1_challenge>(std::string_view server_key)>;

struct v1_node {
  std::string holder;  // origin; empty for ours
  std::string peer;    // peer id of one of ours; empty for a polling one
  steady_time seen{};
  std::deque<std::uint64_t> queue;  // exchanges that wait for it
  std::size_t queued_bytes = 0;

  bool is_ours() const noexcept { return !peer.empty(); }
};

class v1_nodes {
 public:
  // With proof required, `challenge` must be set (asserted).
  v1_nodes(v1_node_proof proof, v1_challenge_maker challenge);

  // A poll. The node if this origin holds the key (now); else null and perhaps a challenge. Errors:
  // invalid_argument (no challenge can be made for this key), too_many (limits::v1_nodes_max,
  // v1_nodes_per_address_max, v1_challenges_max).
  struct arrival {
    v1_node* node = nullptr;
    std::string challenge;
  };
  result<arrival> on_poll(const std::string& key, std::string_view origin, std::string_view response,
                          steady_time now);

  v1_node* find(std::string_view key);
  void erase(std::string_view key);

  // One of ours: replaces whoever polled with this key (its queue is handed back). unlink returns its keys'
  // queue too.
  std::deque<std::uint64_t> link(const std::string& key, std::string peer);
  void unlink(std::string_view peer);

  // Round robin; nodes that miss their pings only if there is no other, nodes with a full queue never.
  std::optional<std::string> next(steady_time now);

  // Polling nodes that missed limits::v1_pings_missed_max pings; they stay until erased.
  std::vector<std::string> stale(steady_time now) const;
  void expire_challenges(steady_time now);

  std::size_t size() const noexcept { return nodes_.size(); }

 private:
  struct pending {
    v1_challenge challenge;
    steady_time expires;
  };
  using place = std::pair<std::string, std::string>;  // key, origin

  bool proves(const place& who, std::string_view response, steady_time now);
  result<std::string> challenge_for(const place& who, steady_time now);
  bool room_for(std::string_view origin) const;

  v1_node_proof proof_;
  v1_challenge_maker make_challenge_;
  std::map<std::string, v1_node, std::less<>> nodes_;
  std::map<place, pending> challenges_;
  std::string last_;  // the key next() gave last
};

}  // namespace tp::relaycore
