// A sealed call (E2EE section 10): get and verify a node's record, choose, seal, post, hand out the answer as
// it opens. One sealed_client per relay, shared by any number of calls; event loop thread; directory and HTTP
// client outlive it. Retries are those of retry_rules, each in a new envelope. Nothing of the caller but what
// call_request says goes into the envelope, and nothing at all beside it: no user agent, no credentials.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/services.hpp"
#include "client/directory.hpp"
#include "client/retry_rules.hpp"
#include "client/sealed_answer.hpp"
#include "codec/bhttp.hpp"

namespace tp::client {

struct call_request {
  std::string method = "POST";
  std::string target;  // e.g. "/v1/chat/completions"
  codec::http_fields
      fields;  // inner fields: content-type, accept, authorization; date and sealed-to are added
  plaintext body;
};

struct call_wish {
  std::string model;                  // empty: any node
  std::optional<codec::peer_id> pin;  // only this node, whatever the directory says
};

// Prepares one envelope for a node: what is sent as body, and the opener of the answer. Also for load-test
// bodies. `message` gets date and sealed-to. Errors: message_too_large, bhttp_control, bhttp_field, bad_enc.
result<e2ee::sealed_request> seal_for(const e2ee::verified_record& node, codec::bhttp_request& message,
                                      unix_seconds date, random_source& random);

codec::bhttp_request to_message(call_request request);

class sealed_client {
 public:
  sealed_client(net::http_client& relay, directory& nodes, services& with)
      : relay_(relay), nodes_(nodes), services_(with) {}

  // Completes when the status of the answer is known: the node's, or the relay's refusal. The deadline covers
  // the whole call, the answer's body included. Errors: not_found (no node serves the model), node_not_found
  // (no node at all, or not the pinned one), those of verification for a pinned node, relay_unreachable,
  // not_sealed, message_too_large, truncated and the other failures of an envelope, connection_reset,
  // deadline_exceeded, cancelled.
  task<std::unique_ptr<sealed_answer>> call(call_request request, call_wish wish, async::deadline until);

 private:
  struct attempt_plan;
  task<void> pick(attempt_plan& plan, async::deadline until);
  task<std::unique_ptr<sealed_answer>> attempt(attempt_plan& plan, async::deadline until);
  task<std::unique_ptr<sealed_answer>> refused(const codec::peer_id& node, net::http_response& response);
  task<retry> next_step(attempt_plan& plan, sealed_answer& answer, async::deadline until);
  task<retry> after_clear(attempt_plan& plan, const sealed_answer& answer, async::deadline until);
  task<retry> after_sealed(attempt_plan& plan, sealed_answer& answer);
  task<retry> wait_for(std::optional<std::chrono::seconds> time, async::deadline until);
  unix_seconds date_for(const codec::peer_id& node) const;

  net::http_client& relay_;
  directory& nodes_;
  services& services_;
  // How far a node's clock is from ours, by node, so that no node can mark us for another.
  std::map<codec::peer_id, std::int64_t> clock_offsets_;
};

}  // namespace tp::client
