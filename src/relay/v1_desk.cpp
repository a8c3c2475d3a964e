#include "relay/v1_desk.hpp"

#include "base/limits.hpp"
#include "codec/base64.hpp"
#include "relay/node_link.hpp"

namespace tp::relay {

v1_desk::v1_desk(context& shared)
    : shared_(shared),
      mailbox_({.challenge = {},
                .wake = {.work = [this](std::string_view key) { nodes_.wake(key); },
                         .mail = [this](std::string_view key) { clients_.wake(key); }}},
               shared.with.random),
      keys_(limits::v1_handed_keys_max),
      clients_(limits::v1_waiting_max, limits::v1_waiting_per_key_max),
      nodes_(limits::v1_waiting_max, limits::v1_waiting_per_key_max) {
  metrics& registry = shared.with.meters;
  registry.make_probe("token_place_relay_v1_exchanges", "Requests and answers kept for first clients.",
                      [this] { return static_cast<std::int64_t>(mailbox_.counts().exchanges); });
  registry.make_probe("token_place_relay_v1_bytes", "Sealed bytes kept for them.",
                      [this] { return static_cast<std::int64_t>(mailbox_.counts().bytes); });
  registry.make_probe("token_place_relay_v1_waiting", "Long polls of first clients and nodes.",
                      [this] { return static_cast<std::int64_t>(clients_.size() + nodes_.size()); });
}

node_link* v1_desk::link_of(std::string_view peer) {
  const auto known = shared_.links.find(peer);
  return known == shared_.links.end() ? nullptr : known->second;
}

void v1_desk::on_record(const std::string& peer, const std::optional<std::string>& rsa_pem) {
  if (!rsa_pem) return on_node_gone(peer);
  const std::string key = codec::base64_encode(as_bytes(*rsa_pem));
  switch (keys_.link(key, peer)) {
    case v1_key_book::linked::as_before:
      return;
    case v1_key_book::linked::taken_by_another:
      return shared_.with.log.warning("v1_key_taken");
    case v1_key_book::linked::anew:
      mailbox_.unlink_node(peer);
      mailbox_.link_node(key, peer);
  }
}

void v1_desk::on_node_gone(std::string_view peer) {
  keys_.unlink(peer);
  mailbox_.unlink_node(peer);
}

void v1_desk::expire(steady_time now) {
  if (now - expired_ < limits::v1_expire_interval) return;
  expired_ = now;
  mailbox_.expire(now);
}

void v1_desk::begin_drain() {
  clients_.wake_all();
  nodes_.wake_all();
}

}  // namespace tp::relay
