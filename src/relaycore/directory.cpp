#include "relaycore/directory.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "codec/base64.hpp"
#include "codec/json.hpp"

namespace tp::relaycore {

namespace {

// What the node sent: the texts stay as they are, because they are what was signed.
struct carried_record {
  std::string record;
  std::string signature;
};

result<carried_record> parse_body(std::string_view body) {
  const auto parsed = codec::parse_json(body, {.depth = 4, .bytes = limits::http_small_body_max});
  if (!parsed) return parsed.error();
  const json::object* outer = parsed->if_object();
  if (outer == nullptr) return errc::record_malformed;
  const json::string* record = codec::find_string(*outer, "record");
  const json::string* signature = codec::find_string(*outer, "signature");
  if (record == nullptr || signature == nullptr) return errc::record_malformed;
  return carried_record{std::string(codec::text_of(*record)), std::string(codec::text_of(*signature))};
}

}  // namespace

result<const e2ee::verified_record*> directory::put(const codec::peer_id& node, std::string_view body,
                                                    unix_seconds now) {
  const auto carried = parse_body(body);
  if (!carried) return carried.error();
  const std::string peer_text = node.text();
  const auto known = nodes_.find(peer_text);
  const bool is_known = known != nodes_.end();
  if (!is_known && nodes_.size() >= limits::directory_entries_max) return errc::too_many;

  e2ee::record_check check{.now = now, .pin = node, .last = nullptr};
  std::optional<e2ee::last_record> last;
  if (is_known) last = known->second.record.as_last();
  if (last) check.last = &*last;
  auto verified = e2ee::verified_record::verify(node, carried->record, carried->signature, check);
  if (!verified) return verified.error();

  std::string signed_json = "\"peer_id\":\"" + peer_text + "\",\"record\":\"" + carried->record +
                            "\",\"signature\":\"" + carried->signature + "\"";
  if (is_known) {
    known->second.record = std::move(*verified);
    known->second.signed_json = std::move(signed_json);
    return &known->second.record;
  }
  const node_load load{0, static_cast<std::uint32_t>(verified->fields().max_concurrency), 0};
  const auto [made, inserted] =
      nodes_.emplace(peer_text, entry{std::move(*verified), std::move(signed_json), load, now});
  return &made->second.record;
}

void directory::set_load(const codec::peer_id& node, node_load load) {
  const auto known = nodes_.find(node.text());
  if (known != nodes_.end()) known->second.load = load;
}

void directory::remove(const codec::peer_id& node) { nodes_.erase(node.text()); }

std::vector<codec::peer_id> directory::expire(unix_seconds now) {
  std::vector<codec::peer_id> gone;
  std::erase_if(nodes_, [&](const auto& item) {
    const e2ee::verified_record& record = item.second.record;
    if (record.fields().expires > now - limits::record_skew_s) return false;
    gone.push_back(record.peer());
    return true;
  });
  return gone;
}

const e2ee::verified_record* directory::find(std::string_view peer_text) const {
  const auto known = nodes_.find(peer_text);
  return known == nodes_.end() ? nullptr : &known->second.record;
}

void directory::append_entry(std::string& out, const entry& e) {
  out.append("{").append(e.signed_json);
  out.append(",\"load\":{\"in_flight\":").append(std::to_string(e.load.in_flight));
  out.append(",\"capacity\":").append(std::to_string(e.load.capacity));
  out.append(",\"queued\":").append(std::to_string(e.load.queued));
  out.append("},\"connected_since\":").append(std::to_string(e.connected_since)).append("}");
}

std::string directory::list_json(std::optional<std::string_view> model) const {
  std::string out = "{\"object\":\"list\",\"data\":[";
  bool first = true;
  for (const auto& [peer, e] : nodes_) {
    if (model && !e.record.serves(*model)) continue;
    if (!first) out.append(",");
    first = false;
    append_entry(out, e);
  }
  return out.append("]}");
}

std::optional<std::string> directory::entry_json(std::string_view peer_text) const {
  const auto known = nodes_.find(peer_text);
  if (known == nodes_.end()) return std::nullopt;
  std::string out;
  append_entry(out, known->second);
  return out;
}

std::vector<served_model> directory::models() const {
  std::map<std::string, served_model, std::less<>> by_id;
  for (const auto& [peer, e] : nodes_) {
    for (const e2ee::model_entry& offered : e.record.fields().models) {
      served_model& model = by_id.try_emplace(offered.id, served_model{offered.id, 0, 0}).first->second;
      model.context_length = std::max(model.context_length, offered.context_length);
      ++model.nodes;
    }
  }
  std::vector<served_model> out;
  out.reserve(by_id.size());
  for (auto& [id, model] : by_id) out.push_back(std::move(model));
  return out;
}

}  // namespace tp::relaycore
