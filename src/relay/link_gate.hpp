// How many connections may be on the way to a node's link at once: from the upgrade or the first multistream
// byte until a node has registered. Each holds buffers and costs key exchanges, and serves nobody yet. Counts
// in total and by address (IPv6: by /64); loopback has no bound of its own, because a proxy there speaks for
// everybody. One per relay, outlives its places; event loop thread only.
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "codec/ip.hpp"

namespace tp::relay {

class link_gate {
 public:
  link_gate(std::size_t total_max, std::size_t per_address_max)
      : total_max_(total_max), per_address_max_(per_address_max) {}
  link_gate(const link_gate&) = delete;
  link_gate& operator=(const link_gate&) = delete;

  // Holds one place until it is left or destroyed.
  class place {
   public:
    place(place&& from) noexcept : gate_(std::exchange(from.gate_, nullptr)), at_(from.at_) {}
    place& operator=(place&& from) noexcept {
      leave();
      gate_ = std::exchange(from.gate_, nullptr);
      at_ = from.at_;
      return *this;
    }
    ~place() { leave(); }
    void leave() noexcept;
    // Whom it is counted against; not after leave().
    codec::ip_address address() const { return at_->first; }

   private:
    friend class link_gate;
    using addresses = std::map<codec::ip_address, std::size_t>;
    place(link_gate& gate, addresses::iterator at) : gate_(&gate), at_(at) {}
    link_gate* gate_;
    addresses::iterator at_;
  };

  bool has_room(const codec::ip_address& from) const;
  // Ask has_room() first, in the same turn.
  place enter(const codec::ip_address& from);

  std::size_t size() const noexcept { return total_; }

 private:
  const std::size_t total_max_;
  const std::size_t per_address_max_;
  place::addresses by_address_;
  std::size_t total_ = 0;
};

}  // namespace tp::relay
