// Which of our nodes has which v1 key, and which node's key each client address was given, so that an
// encrypted request finds the node that can open it (COMPAT section 4). Keys are base64 of the PEM, compared
// and never read. In memory only, and never logged: an address stands beside a peer id here. Owned by
// v1_desk; pure, event loop thread only. Bounded by limits::v1_handed_keys_max addresses: the one that asked
// longest ago is forgotten.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tp::relay {

class v1_key_book {
 public:
  explicit v1_key_book(std::size_t addresses_max) : addresses_max_(addresses_max) {}

  // The node's key is now this one; the one before still finds it, because its clients may not know yet.
  enum class linked { as_before, anew, taken_by_another };
  linked link(const std::string& key, const std::string& peer);
  void unlink(std::string_view peer);

  // The node with this key; null if there is none.
  const std::string* peer_of(std::string_view key) const;
  // The node's present key; null if it has none.
  const std::string* key_of(std::string_view peer) const;

  // This address was given this node's key.
  void remember(std::string_view address, std::string_view peer);
  // The node whose key it was given last and which is still there; empty: none.
  std::string handed_before(std::string_view address) const;
  // Nodes that may have the key a client at this address used: those it was given, newest first, then others.
  // At most limits::v1_handed_per_address_max.
  std::vector<std::string> candidates(std::string_view address) const;
  // All nodes with a key, the one whose turn it is first.
  std::vector<std::string> in_turn();

  std::size_t addresses() const noexcept { return handed_.size(); }

 private:
  struct handed {
    std::deque<std::string> peers;  // newest first
    std::list<std::string>::iterator age;
  };

  std::size_t addresses_max_;
  std::map<std::string, std::string, std::less<>> peers_;             // by key
  std::map<std::string, std::deque<std::string>, std::less<>> keys_;  // by peer, newest first
  std::map<std::string, handed, std::less<>> handed_;
  std::list<std::string> ages_;  // addresses, the one that asked last in front
  std::string last_;             // whose turn it was
};

}  // namespace tp::relay
