// How many connections may be on the way to a libp2p session at once: from the upgrade or the first
// multistream byte until Yamux is agreed. Each holds buffers and costs key exchanges, and has proved nothing
// yet. Counts in total and by address (IPv6: by /64); loopback has no bound of its own, because a proxy there
// speaks for everybody. One per relay, outlives its places; event loop thread only.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <map>
#include <utility>

#include "async/task.hpp"

namespace tp::relay {

class handshake_gate {
 public:
  handshake_gate(std::size_t total_max, std::size_t per_address_max)
      : total_max_(total_max), per_address_max_(per_address_max) {}
  handshake_gate(const handshake_gate&) = delete;
  handshake_gate& operator=(const handshake_gate&) = delete;

  // Holds one place until it is left or destroyed.
  class place {
   public:
    place(place&& from) noexcept : gate_(std::exchange(from.gate_, nullptr)), at_(from.at_) {}
    place& operator=(place&&) = delete;
    ~place() { leave(); }
    void leave() noexcept;

   private:
    friend class handshake_gate;
    using addresses = std::map<asio::ip::address, std::size_t>;
    place(handshake_gate& gate, addresses::iterator at) : gate_(&gate), at_(at) {}
    handshake_gate* gate_;
    addresses::iterator at_;
  };

  bool has_room(const asio::ip::address& from) const;
  // Ask has_room() first, in the same turn.
  place enter(const asio::ip::address& from);

  std::size_t size() const noexcept { return total_; }

 private:
  const std::size_t total_max_;
  const std::size_t per_address_max_;
  place::addresses by_address_;
  std::size_t total_ = 0;
};

}  // namespace tp::relay
