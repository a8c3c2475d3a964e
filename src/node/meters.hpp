// The node's metrics, registered at start so that each exists at zero.
#pragma once

#include "base/metrics.hpp"
#include "link/meters.hpp"

namespace tp::node {

struct meters {
  explicit meters(metrics& registry)
      : calls(registry.make_counter("token_place_node_calls_total", "OpenAI calls taken from any door.")),
        refused(registry.make_counter("token_place_node_refused_total",
                                      "Calls answered with an error by the node.")),
        engine_failures(
            registry.make_counter("token_place_node_engine_failures_total", "Calls the engine failed.")),
        cut(registry.make_counter("token_place_node_cut_total", "Answers that could not be finished.")),
        envelopes_refused(registry.make_counter("token_place_node_envelopes_refused_total",
                                                "Sealed requests that were not authentic.")),
        links(registry.make_gauge("token_place_node_links", "Relays this node is registered at.")),
        peers(registry.make_gauge("token_place_node_peers", "libp2p sessions at the local port.")),
        reconnects(
            registry.make_counter("token_place_node_reconnects_total", "Links lost and dialled anew.")),
        wire(registry) {}

  counter& calls;
  counter& refused;
  counter& engine_failures;
  counter& cut;
  counter& envelopes_refused;
  gauge& links;
  gauge& peers;
  counter& reconnects;
  link::meters wire;  // of all sessions
};

}  // namespace tp::node
