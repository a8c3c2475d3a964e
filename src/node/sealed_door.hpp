// The door for relays: POST /ohttp with a sealed request, on a stream of the link (CONTRACT "Link"; E2EE
// sections 6, 7 and 9). Opens, checks, hands to the api, seals the answer, one chunk a flush. One per node,
// shared by its links; event loop thread only. Refuses in the clear what is not authentic, sealed what is
// authentic but wrong; no engine work begins before the envelope is whole.
#pragma once

#include <cstddef>

#include "e2ee/key_ring.hpp"
#include "e2ee/open.hpp"
#include "net/http_server.hpp"
#include "node/api.hpp"

namespace tp::node {

// How many envelopes of one relay are read at the same time: each may hold limits::request_bytes_max before
// anything is known of it.
class reading_room {
 public:
  explicit reading_room(std::size_t seats) : seats_(seats) {}
  reading_room(const reading_room&) = delete;
  reading_room& operator=(const reading_room&) = delete;

  class seat {
   public:
    explicit seat(reading_room& in) : in_(in) { ++in_.taken_; }
    seat(const seat&) = delete;
    seat& operator=(const seat&) = delete;
    ~seat() { --in_.taken_; }

   private:
    reading_room& in_;
  };
  bool full() const noexcept { return taken_ >= seats_; }
  std::size_t seats() const noexcept { return seats_; }

 private:
  std::size_t seats_;
  std::size_t taken_ = 0;
};

class sealed_door {
 public:
  sealed_door(api& behind, e2ee::key_ring& keys, codec::peer_id self, meters& count, services& with)
      : api_(behind), keys_(keys), self_(self), count_(count), with_(with) {}

  // Refuses with node_busy, unread, what finds the relay's `uploads` full.
  asio::awaitable<void> serve(net::http_exchange& call, reading_room& uploads);

 private:
  asio::awaitable<void> serve_sealed(net::http_exchange& call, reading_room& uploads);
  async::task<e2ee::sealed_call> read(net::http_exchange& call, e2ee::form form);
  asio::awaitable<void> refuse_clear(net::http_exchange& call, errc failure);
  asio::awaitable<void> answer(net::http_exchange& call, e2ee::sealed_call opened);

  api& api_;
  e2ee::key_ring& keys_;
  codec::peer_id self_;
  meters& count_;
  services& with_;
};

}  // namespace tp::node
