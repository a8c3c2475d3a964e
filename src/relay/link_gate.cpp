#include "relay/link_gate.hpp"

namespace tp::relay {

namespace {

// One customer of a provider has a whole /64.
codec::ip_address customer(const codec::ip_address& from) {
  return from.is_v4() || from.is_loopback() ? from : from.network(64);
}

}  // namespace

bool link_gate::has_room(const codec::ip_address& from) const {
  if (total_ >= total_max_) return false;
  if (from.is_loopback()) return true;
  const auto found = by_address_.find(customer(from));
  return found == by_address_.end() || found->second < per_address_max_;
}

link_gate::place link_gate::enter(const codec::ip_address& from) {
  const auto at = by_address_.try_emplace(customer(from), 0).first;
  ++at->second;
  ++total_;
  return place(*this, at);
}

void link_gate::place::leave() noexcept {
  link_gate* const gate = std::exchange(gate_, nullptr);
  if (gate == nullptr) return;
  --gate->total_;
  if (--at_->second == 0) gate->by_address_.erase(at_);
}

}  // namespace tp::relay
