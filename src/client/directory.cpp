#include "client/directory.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace tp::client {

namespace {

std::int64_t count_in(const json::object* from, std::string_view name) {
  if (from == nullptr) return 0;
  const std::optional<std::int64_t> value = codec::find_integer(*from, name);
  return value ? std::clamp<std::int64_t>(*value, 0, 1'000'000) : 0;
}

std::string_view text_in(const json::object& from, std::string_view name) {
  const json::string* text = codec::find_string(from, name);
  return text == nullptr ? std::string_view() : codec::text_of(*text);
}

}  // namespace

errc relay_failure(const error_code& error) {
  switch (to_errc(error)) {
    case errc::connection_refused:
    case errc::name_not_resolved:
    case errc::io_error:
      return errc::relay_unreachable;
    default:
      return to_errc(error);
  }
}

directory::directory(net::http_client& relay, known_nodes& known, services& with)
    : relay_(relay), known_(known), services_(with) {}

task<std::string> directory::fetch_text(std::string target, async::deadline until) {
  net::http_request request;
  request.target = std::move(target);
  const result<void> added = request.fields.add("Accept", "application/json");
  if (added.has_error()) co_return added.error();
  result<std::unique_ptr<net::http_response>> answer = co_await relay_.send(std::move(request), until);
  if (answer.has_error()) co_return relay_failure(answer.error());
  net::http_response& response = **answer;
  if (response.status() == 404) co_return errc::node_not_found;
  if (response.status() != 200) co_return errc::relay_unreachable;
  result<bytes> body = co_await response.read_all(limits::directory_bytes_max);
  if (body.has_error()) co_return relay_failure(body.error());
  co_return std::string(as_chars(*body));
}

task<node_list> directory::fetch(async::deadline until) {
  const result<std::string> text = co_await fetch_text("/api/v2/nodes", until);
  // A server without this route is no relay.
  if (text.has_error() && text.error() == errc::node_not_found) co_return errc::relay_unreachable;
  if (text.has_error()) co_return text.error();
  co_return read_list(*text);
}

task<node_entry> directory::fetch_one(codec::peer_id peer, async::deadline until) {
  const result<std::string> text = co_await fetch_text("/api/v2/nodes/" + peer.text(), until);
  if (text.has_error()) co_return text.error();
  const result<json::value> entry = codec::parse_json(*text);
  if (entry.has_error()) co_return errc::invalid_json;
  co_return read_entry(*entry, peer);
}

task<std::shared_ptr<const node_list>> directory::recent(async::deadline until) {
  if (is_recent(fetched_at_)) co_return recent_;
  result<node_list> fresh = co_await fetch(until);
  if (fresh.has_error()) co_return fresh.error();
  recent_ = std::make_shared<const node_list>(std::move(*fresh));
  // That nobody is there is asked anew each time: the first node to join serves the next request.
  if (!recent_->nodes.empty()) fetched_at_ = services_.clock.steady_now();
  co_return recent_;
}

task<node_entry> directory::recent_one(codec::peer_id peer, async::deadline until) {
  if (is_recent(fetched_at_)) {
    for (const node_entry& node : recent_->nodes) {
      if (node.record.peer() == peer) co_return node;
    }
  }
  if (one_ && is_recent(one_at_) && one_->record.peer() == peer) co_return *one_;
  result<node_entry> fresh = co_await fetch_one(peer, until);
  if (fresh.has_error()) co_return fresh.error();
  one_ = *fresh;
  one_at_ = services_.clock.steady_now();
  co_return std::move(fresh);
}

bool directory::is_recent(const std::optional<steady_time>& when) const {
  return when && services_.clock.steady_now() - *when < limits::directory_age_max;
}

result<node_list> directory::read_list(std::string_view text) {
  const result<json::value> parsed = codec::parse_json(text, {.bytes = limits::directory_bytes_max});
  if (parsed.has_error() || !parsed->is_object()) return errc::invalid_json;
  const json::array* data = codec::find_array(parsed->get_object(), "data");
  if (data == nullptr) return errc::invalid_json;
  node_list list;
  const std::size_t count = std::min<std::size_t>(data->size(), limits::directory_entries_max);
  for (std::size_t at = 0; at < count; ++at) {
    result<node_entry> entry = read_entry((*data)[at], std::nullopt);
    if (entry.has_value()) {
      list.nodes.push_back(std::move(*entry));
      continue;
    }
    ++list.dropped;
    list.dropped_because = to_errc(entry.error());
  }
  std::erase_if(seen_, [&](const auto& seen) {
    return std::none_of(list.nodes.begin(), list.nodes.end(), [&](const node_entry& node) {
      return node.record.peer() == seen.second.record.peer();
    });
  });
  return list;
}

result<node_entry> directory::read_entry(const json::value& entry, const std::optional<codec::peer_id>& pin) {
  if (!entry.is_object()) return errc::record_malformed;
  const json::object& object = entry.get_object();
  result<e2ee::verified_record> record = verify(object, pin);
  if (record.has_error()) return record.error();
  const json::object* load = codec::find_object(object, "load");
  node_entry node{std::move(*record), {}, 0};
  node.load = {count_in(load, "in_flight"), count_in(load, "capacity"), count_in(load, "queued")};
  node.connected_since = codec::find_integer(object, "connected_since").value_or(0);
  return node;
}

result<e2ee::verified_record> directory::verify(const json::object& entry,
                                                const std::optional<codec::peer_id>& pin) {
  const std::string_view peer = text_in(entry, "peer_id");
  const std::string_view record_text = text_in(entry, "record");
  const std::string_view signature_text = text_in(entry, "signature");
  const unix_seconds now = services_.clock.unix_now();
  const auto seen = seen_.find(peer);
  if (seen != seen_.end() && seen->second.record_text == record_text &&
      seen->second.signature_text == signature_text) {
    const bool pinned_elsewhere = pin && *pin != seen->second.record.peer();
    if (pinned_elsewhere) return errc::peer_id_mismatch;
    if (seen->second.record.fields().expires > now - limits::record_skew_s) return seen->second.record;
    return errc::expired;
  }
  const result<codec::peer_id> claimed = codec::peer_id::parse(peer);
  e2ee::record_check check;
  check.now = now;
  check.pin = pin;
  check.last = claimed.has_value() ? known_.last(*claimed) : nullptr;
  result<e2ee::verified_record> record = e2ee::verified_record::verify(entry, check);
  if (record.has_error()) return record.error();
  known_.remember(*record);
  seen_.insert_or_assign(std::string(peer),
                         verified{std::string(record_text), std::string(signature_text), *record});
  return record;
}

}  // namespace tp::client
