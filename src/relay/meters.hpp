// The relay's metrics, registered at start so that each exists at zero. Never a label that came from outside.
#pragma once

#include "base/metrics.hpp"
#include "link/meters.hpp"

namespace tp::relay {

// Why an exchange ended; each has a counter.
enum class outcome {
  completed,    // the node's answer passed to its end
  refused,      // answered by the relay itself, before anything was forwarded
  client_gone,  // the client closed; the node's stream was reset
  node_gone,    // the node reset, ended early, or answered what it may not
  timed_out,    // upload, first head, silence or whole call
  drained,      // cut at shutdown
};
std::string_view name(outcome ended) noexcept;

struct meters {
  explicit meters(metrics& registry);

  counter& of(outcome ended);
  gauge& connections;
  gauge& exchanges;
  gauge& links;
  gauge& unsent;        // held for clients that read slower than their nodes answer
  counter& bytes_up;    // sealed request bodies, client to node
  counter& bytes_down;  // sealed answers, node to client
  counter& registrations;
  counter& plain_forwarded;
  counter& rate_limited;
  histogram& first_byte;  // from a request's head to the first byte of its answer
  link::meters wire;      // of every libp2p session

 private:
  counter& completed_;
  counter& refused_;
  counter& client_gone_;
  counter& node_gone_;
  counter& timed_out_;
  counter& drained_;
};

}  // namespace tp::relay
