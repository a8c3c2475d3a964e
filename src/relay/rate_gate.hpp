// Limits on inference requests, for the sealed route and the others alike (CONTRACT "Rate limits"): who asks
// (client_address), whether it counts, and what the answer says about it. In front of the hot path: a request
// that is exempt costs one look at its fields and no allocation. Owned by the relay; event loop thread only.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>

#include "base/clock.hpp"
#include "codec/http1.hpp"
#include "openai/error_answer.hpp"
#include "relaycore/client_address.hpp"
#include "relaycore/rate_limit.hpp"

namespace tp::relay {

struct rate_settings {
  relaycore::rate_rules rules;
  relaycore::limits_origin origin = relaycore::limits_origin::defaults;
  relaycore::trusted_proxies proxies;
};

class rate_gate {
 public:
  rate_gate(const rate_settings& config, const clock_source& clock)
      : config_(config), clock_(clock), limiter_(config.rules) {}

  // Counts one request, unless it is exempt; then the verdict shows nothing.
  relaycore::rate_verdict take(const codec::http_head& request, const codec::ip_address& peer);
  // The client behind the proxies the operator trusts.
  codec::ip_address address_of(const codec::http_head& request, const codec::ip_address& peer) const;
  // Whom it is counted against; also what the v1 routes know a client by.
  std::string client_of(const codec::http_head& request, const codec::ip_address& peer) const;

  // Forgets who has nothing in use; called by the sweep.
  void sweep(steady_time now);
  // For keeping its state over a restart.
  relaycore::rate_limiter& limiter() noexcept { return limiter_; }

 private:
  const rate_settings& config_;
  const clock_source& clock_;
  relaycore::rate_limiter limiter_;
  steady_time swept_{};
};

codec::ip_address to_ip(const boost::asio::ip::address& from);

// The 429 for a verdict that refused.
openai::api_error refusal_of(const relaycore::rate_verdict& verdict);
// X-RateLimit-Limit, -Remaining and -Reset of a counted request; nothing for one that is not.
void add_rate_fields(codec::http_fields& to, const relaycore::rate_verdict& verdict);
void append_rate_lines(std::string& to, const relaycore::rate_verdict& verdict);

}  // namespace tp::relay
