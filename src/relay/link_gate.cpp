#include "relay/link_gate.hpp"

#include <algorithm>

namespace tp::relay {

namespace {

// One customer of a provider has a whole /64; IPv4 may come mapped into IPv6.
asio::ip::address customer(const asio::ip::address& from) {
  if (from.is_v4()) return from;
  const asio::ip::address_v6 six = from.to_v6();
  if (six.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, six);
  if (six.is_loopback()) return six;
  asio::ip::address_v6::bytes_type bytes = six.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes);
}

}  // namespace

bool link_gate::has_room(const asio::ip::address& from) const {
  if (total_ >= total_max_) return false;
  const asio::ip::address one = customer(from);
  if (one.is_loopback()) return true;
  const auto found = by_address_.find(one);
  return found == by_address_.end() || found->second < per_address_max_;
}

link_gate::place link_gate::enter(const asio::ip::address& from) {
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
