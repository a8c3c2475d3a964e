#include "relay/rate_gate.hpp"

#include <array>
#include <utility>

#include "base/limits.hpp"

namespace tp::relay {

namespace {

relaycore::forwarding_fields forwarding_of(const codec::http_head& request) {
  relaycore::forwarding_fields out;
  for (const codec::http_field& field : request.fields()) {
    if (codec::same_name(field.name, "forwarded")) out.forwarded.push_back(field.value);
    if (codec::same_name(field.name, "x-forwarded-for")) out.x_forwarded_for.push_back(field.value);
  }
  return out;
}

std::array<std::pair<std::string_view, std::string>, 4> fields_of(const relaycore::rate_verdict& verdict) {
  return {{{"X-RateLimit-Limit", std::to_string(verdict.shown->tokens)},
           {"X-RateLimit-Remaining", std::to_string(verdict.remaining)},
           {"X-RateLimit-Reset", std::to_string(verdict.reset)},
           {"Access-Control-Expose-Headers", "x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset"}}};
}

}  // namespace

relaycore::rate_verdict rate_gate::take(const codec::http_head& request, const codec::ip_address& peer) {
  const relaycore::forwarding_fields forwarding = forwarding_of(request);
  if (relaycore::exempt_from_limits(peer, forwarding, config_.origin)) return {};
  const codec::ip_address client = relaycore::client_address(peer, config_.proxies, forwarding);
  return limiter_.take(relaycore::limit_key(client), clock_.unix_milliseconds());
}

codec::ip_address rate_gate::address_of(const codec::http_head& request,
                                        const codec::ip_address& peer) const {
  return relaycore::client_address(peer, config_.proxies, forwarding_of(request));
}

std::string rate_gate::client_of(const codec::http_head& request, const codec::ip_address& peer) const {
  return relaycore::limit_key(address_of(request, peer));
}

void rate_gate::sweep(steady_time now) {
  if (now - swept_ < limits::rate_sweep_interval) return;
  swept_ = now;
  limiter_.sweep(clock_.unix_milliseconds());
}

codec::ip_address to_ip(const boost::asio::ip::address& from) {
  if (from.is_v4()) return codec::ip_address::v4(from.to_v4().to_bytes());
  return codec::ip_address::v6(from.to_v6().to_bytes());
}

openai::api_error refusal_of(const relaycore::rate_verdict& verdict) {
  const bool quota = verdict.refused == relaycore::limited_by::quota;
  openai::api_error error =
      openai::error_answer(quota ? openai::refusal::quota_exceeded : openai::refusal::rate_limit_exceeded);
  error.message = relaycore::refusal_message(verdict);
  error.retry_after = verdict.retry_after;
  return error;
}

void add_rate_fields(codec::http_fields& to, const relaycore::rate_verdict& verdict) {
  if (!verdict.shown) return;
  for (const auto& [name, value] : fields_of(verdict)) static_cast<void>(to.add(name, value));
}

void append_rate_lines(std::string& to, const relaycore::rate_verdict& verdict) {
  if (!verdict.shown) return;
  for (const auto& [name, value] : fields_of(verdict)) {
    to.append(name).append(": ").append(value).append("\r\n");
  }
}

}  // namespace tp::relay
