#include "relaycore/v1_nodes.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/limits.hpp"

namespace tp::relaycore {

namespace {

bool misses_pings(const v1_node& node, steady_time now) {
  return !node.is_ours() && now - node.seen >= limits::v1_ping_interval * limits::v1_pings_missed_max;
}

}  // namespace

v1_nodes::v1_nodes(v1_node_proof proof, v1_challenge_maker challenge)
    : proof_(proof), make_challenge_(std::move(challenge)) {
  TP_ASSERT(proof == v1_node_proof::off || make_challenge_);
}

bool v1_nodes::room_for(std::string_view origin) const {
  const auto held = std::count_if(nodes_.begin(), nodes_.end(),
                                  [&](const auto& item) { return item.second.holder == origin; });
  return nodes_.size() < limits::v1_nodes_max &&
         static_cast<std::size_t>(held) < limits::v1_nodes_per_address_max;
}

bool v1_nodes::proves(const place& who, std::string_view response, steady_time now) {
  if (response.empty()) return false;
  const auto asked = challenges_.find(who);
  if (asked == challenges_.end()) return false;
  const bool right = asked->second.expires > now && asked->second.challenge.expected == response;
  challenges_.erase(asked);  // one try each, so that nothing can be learnt by trying
  return right;
}

result<std::string> v1_nodes::challenge_for(const place& who, steady_time now) {
  if (!make_challenge_) return std::string();
  const auto asked = challenges_.find(who);
  if (asked != challenges_.end() && asked->second.expires > now) return asked->second.challenge.sealed;
  if (asked != challenges_.end()) challenges_.erase(asked);
  const auto of_origin = std::count_if(challenges_.begin(), challenges_.end(),
                                       [&](const auto& item) { return item.first.second == who.second; });
  if (static_cast<std::size_t>(of_origin) >= limits::v1_nodes_per_address_max) return errc::too_many;
  if (challenges_.size() >= limits::v1_challenges_max) return errc::too_many;
  auto made = make_challenge_(who.first);
  if (!made || made->expected.empty()) return errc::invalid_argument;
  std::string sealed = made->sealed;
  challenges_.emplace(who, pending{std::move(*made), now + limits::v1_challenge_time});
  return sealed;
}

result<v1_nodes::arrival> v1_nodes::on_poll(const std::string& key, std::string_view origin,
                                            std::string_view response, steady_time now) {
  v1_node* node = find(key);
  if (node != nullptr && node->is_ours()) return arrival{};
  if (node != nullptr && node->holder == origin) {
    node->seen = now;
    return arrival{node, {}};
  }
  const place who{key, std::string(origin)};
  const bool free = node == nullptr && proof_ == v1_node_proof::off;
  if (!free && !proves(who, response, now)) {
    auto challenge = challenge_for(who, now);
    if (!challenge) return challenge.error();
    return arrival{nullptr, std::move(*challenge)};
  }
  if (node == nullptr && !room_for(origin)) return errc::too_many;
  if (node == nullptr) node = &nodes_.try_emplace(key).first->second;
  node->holder = origin;
  node->seen = now;
  return arrival{node, {}};
}

v1_node* v1_nodes::find(std::string_view key) {
  const auto known = nodes_.find(key);
  return known == nodes_.end() ? nullptr : &known->second;
}

void v1_nodes::erase(std::string_view key) {
  const auto known = nodes_.find(key);
  if (known != nodes_.end()) nodes_.erase(known);
}

std::deque<std::uint64_t> v1_nodes::link(const std::string& key, std::string peer) {
  v1_node& node = nodes_[key];
  std::deque<std::uint64_t> queue = std::move(node.queue);
  node = v1_node{};
  node.peer = std::move(peer);
  return queue;
}

void v1_nodes::unlink(std::string_view peer) {
  if (peer.empty()) return;
  std::erase_if(nodes_, [&](const auto& item) { return item.second.peer == peer; });
}

std::optional<std::string> v1_nodes::next(steady_time now) {
  std::optional<std::string> silent;
  auto candidate = nodes_.upper_bound(last_);
  for (std::size_t i = 0; i < nodes_.size(); ++i, ++candidate) {
    if (candidate == nodes_.end()) candidate = nodes_.begin();
    if (candidate->second.queue.size() >= limits::v1_queue_max) continue;
    if (!misses_pings(candidate->second, now)) {
      last_ = candidate->first;
      return last_;
    }
    if (!silent) silent = candidate->first;
  }
  if (silent) last_ = *silent;
  return silent;
}

std::vector<std::string> v1_nodes::stale(steady_time now) const {
  std::vector<std::string> gone;
  for (const auto& [key, node] : nodes_) {
    if (misses_pings(node, now)) gone.push_back(key);
  }
  return gone;
}

void v1_nodes::expire_challenges(steady_time now) {
  std::erase_if(challenges_, [&](const auto& item) { return item.second.expires <= now; });
}

}  // namespace tp::relaycore
