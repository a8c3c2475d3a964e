#include "relay/meters.hpp"

#include "base/assert.hpp"

namespace tp::relay {

std::string_view name(outcome ended) noexcept {
  switch (ended) {
    case outcome::completed:
      return "completed";
    case outcome::refused:
      return "refused";
    case outcome::client_gone:
      return "client_gone";
    case outcome::node_gone:
      return "node_gone";
    case outcome::timed_out:
      return "timed_out";
    case outcome::drained:
      return "drained";
  }
  return "unknown";
}

namespace {
constexpr literal exchanges_name = "token_place_relay_exchanges_total";
constexpr literal exchanges_help = "Sealed exchanges by how they ended.";
}  // namespace

meters::meters(metrics& registry)
    : connections(registry.make_gauge("token_place_relay_connections", "Open client connections.")),
      exchanges(registry.make_gauge("token_place_relay_exchanges_open", "Sealed exchanges under way.")),
      links(registry.make_gauge("token_place_relay_links", "libp2p sessions, registered or not.")),
      unsent(
          registry.make_gauge("token_place_relay_unsent_bytes", "Bytes held for clients that read slowly.")),
      bytes_up(registry.make_counter("token_place_relay_bytes_total", "Sealed body bytes forwarded.",
                                     "direction=\"up\"")),
      bytes_down(registry.make_counter("token_place_relay_bytes_total", "Sealed body bytes forwarded.",
                                       "direction=\"down\"")),
      registrations(registry.make_counter("token_place_relay_registrations_total", "Node records accepted.")),
      plain_forwarded(
          registry.make_counter("token_place_relay_plain_total", "Plain calls passed to the gateway.")),
      rate_limited(registry.make_counter("token_place_relay_rate_limited_total",
                                         "Inference requests over their client's limit.")),
      first_byte(registry.make_histogram("token_place_relay_first_byte_seconds",
                                         "From a request's head to the first byte of its answer.")),
      wire(registry),
      completed_(registry.make_counter(exchanges_name, exchanges_help, "outcome=\"completed\"")),
      refused_(registry.make_counter(exchanges_name, exchanges_help, "outcome=\"refused\"")),
      client_gone_(registry.make_counter(exchanges_name, exchanges_help, "outcome=\"client_gone\"")),
      node_gone_(registry.make_counter(exchanges_name, exchanges_help, "outcome=\"node_gone\"")),
      timed_out_(registry.make_counter(exchanges_name, exchanges_help, "outcome=\"timed_out\"")),
      drained_(registry.make_counter(exchanges_name, exchanges_help, "outcome=\"drained\"")) {}

counter& meters::of(outcome ended) {
  switch (ended) {
    case outcome::completed:
      return completed_;
    case outcome::refused:
      return refused_;
    case outcome::client_gone:
      return client_gone_;
    case outcome::node_gone:
      return node_gone_;
    case outcome::timed_out:
      return timed_out_;
    case outcome::drained:
      return drained_;
  }
  TP_ASSERT(false);
}

}  // namespace tp::relay
