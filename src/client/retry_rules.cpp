#include "client/retry_rules.hpp"

#include "base/limits.hpp"

namespace tp::client {

namespace {

bool is_short(const std::optional<std::chrono::seconds>& wait) {
  return wait && *wait <= limits::client_wait_max;
}

}  // namespace

retry retry_rules::on_clear(const clear_refusal& refusal) {
  const bool about_key = refusal.code == "ohttp_key" || refusal.code == "envelope_invalid";
  if (refusal.status == 400 && about_key && !key_retried_) {
    key_retried_ = true;
    return retry::newer_key;
  }
  if (node_retried_) return retry::no;
  // The client's own rate: another node would only cost another refusal.
  if (refusal.status == 429 && is_short(refusal.retry_after)) {
    node_retried_ = true;
    return retry::wait;
  }
  const bool node_is_lost = (refusal.status == 502 && refusal.code == "node_gone") ||
                            (refusal.status == 404 && refusal.code == "node_not_found");
  if (refusal.status == 503 || node_is_lost) {
    node_retried_ = true;
    return retry::another_node;
  }
  return retry::no;
}

retry retry_rules::on_no_other_node(const clear_refusal& refusal) const {
  return refusal.status == 503 && is_short(refusal.retry_after) ? retry::wait : retry::no;
}

bool retry_rules::may_correct_date() {
  if (date_retried_) return false;
  date_retried_ = true;
  return true;
}

}  // namespace tp::client
