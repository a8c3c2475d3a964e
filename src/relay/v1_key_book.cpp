#include "relay/v1_key_book.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace tp::relay {

namespace {
constexpr std::size_t keys_per_node = 2;  // the present one and the one before
}

v1_key_book::linked v1_key_book::link(const std::string& key, const std::string& peer) {
  const auto [place, fresh] = peers_.try_emplace(key, peer);
  if (!fresh && place->second != peer) return linked::taken_by_another;
  std::deque<std::string>& keys = keys_[peer];
  if (!keys.empty() && keys.front() == key) return linked::as_before;
  std::erase(keys, key);
  keys.push_front(key);
  if (keys.size() > keys_per_node) {
    peers_.erase(keys.back());
    keys.pop_back();
  }
  return linked::anew;
}

void v1_key_book::unlink(std::string_view peer) {
  const auto known = keys_.find(peer);
  if (known == keys_.end()) return;
  for (const std::string& key : known->second) peers_.erase(key);
  keys_.erase(known);
}

const std::string* v1_key_book::peer_of(std::string_view key) const {
  const auto known = peers_.find(key);
  return known == peers_.end() ? nullptr : &known->second;
}

const std::string* v1_key_book::key_of(std::string_view peer) const {
  const auto known = keys_.find(peer);
  return known == keys_.end() ? nullptr : &known->second.front();
}

void v1_key_book::remember(std::string_view address, std::string_view peer) {
  auto known = handed_.find(address);
  if (known == handed_.end()) {
    if (handed_.size() >= addresses_max_) {
      handed_.erase(ages_.back());
      ages_.pop_back();
    }
    ages_.emplace_front(address);
    known = handed_.emplace(std::string(address), handed{{}, ages_.begin()}).first;
  }
  ages_.splice(ages_.begin(), ages_, known->second.age);
  std::deque<std::string>& peers = known->second.peers;
  std::erase(peers, peer);
  peers.emplace_front(peer);
  if (peers.size() > limits::v1_handed_per_address_max) peers.pop_back();
}

std::string v1_key_book::handed_before(std::string_view address) const {
  const auto known = handed_.find(address);
  if (known == handed_.end()) return {};
  for (const std::string& peer : known->second.peers) {
    if (keys_.contains(peer)) return peer;
  }
  return {};
}

std::vector<std::string> v1_key_book::candidates(std::string_view address) const {
  std::vector<std::string> out;
  const auto known = handed_.find(address);
  if (known != handed_.end()) {
    for (const std::string& peer : known->second.peers) {
      if (keys_.contains(peer)) out.push_back(peer);
    }
  }
  for (const auto& [peer, keys] : keys_) {
    if (out.size() >= limits::v1_handed_per_address_max) break;
    if (std::find(out.begin(), out.end(), peer) == out.end()) out.push_back(peer);
  }
  return out;
}

std::vector<std::string> v1_key_book::in_turn() {
  std::vector<std::string> out;
  const auto first = keys_.upper_bound(last_);
  for (auto at = first; at != keys_.end(); ++at) out.push_back(at->first);
  for (auto at = keys_.begin(); at != first; ++at) out.push_back(at->first);
  if (!out.empty()) last_ = out.front();
  return out;
}

}  // namespace tp::relay
