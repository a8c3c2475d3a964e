// The door for relays: POST /ohttp with a sealed request, on a stream of the link (CONTRACT "Link"; E2EE
// sections 6, 7 and 9). Opens, checks, hands to the api, seals the answer, one chunk a flush. One per node,
// shared by its links; event loop thread only. Refuses in the clear what is not authentic, sealed what is
// authentic but wrong; no engine work begins before the envelope is whole.
#pragma once

#include "e2ee/key_ring.hpp"
#include "e2ee/open.hpp"
#include "net/http_server.hpp"
#include "node/api.hpp"

namespace tp::node {

class sealed_door {
 public:
  sealed_door(api& behind, e2ee::key_ring& keys, codec::peer_id self, meters& count, services& with)
      : api_(behind), keys_(keys), self_(self), count_(count), with_(with) {}

  asio::awaitable<void> serve(net::http_exchange& call);

 private:
  asio::awaitable<void> serve_sealed(net::http_exchange& call);
  asio::awaitable<void> refuse_clear(net::http_exchange& call, errc failure);
  asio::awaitable<void> answer(net::http_exchange& call, e2ee::sealed_call opened);

  api& api_;
  e2ee::key_ring& keys_;
  codec::peer_id self_;
  meters& count_;
  services& with_;
};

}  // namespace tp::node
