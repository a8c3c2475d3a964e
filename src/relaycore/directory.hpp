// The relay's directory: the newest signed record of every connected node (E2EE section 3).
// Owned by the relay, touched on its loop only; pure: the time comes in with each call.
// It verifies every record it takes and refuses the node otherwise; it never alters what it was given.
// Bounded by limits::directory_entries_max nodes of limits::record_bytes_max each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "codec/peer_id.hpp"
#include "e2ee/node_record.hpp"

namespace tp::relaycore {

// The relay's own word about a node: what the node last reported.
struct node_load {
  std::uint32_t in_flight = 0;
  std::uint32_t capacity = 0;
  std::uint32_t queued = 0;
};

// A model that at least one node serves, for /v1/models.
struct served_model {
  std::string id;
  std::int64_t context_length = 0;  // the longest offered
  std::size_t nodes = 0;
};

class directory {
 public:
  // Takes a node's record: `body` is the JSON {"record","signature"} as the node sent it.
  // Errors: those of e2ee::verified_record::verify; seq_rollback for an older one; too_many when the
  // directory is full; invalid_json or record_malformed for a body that is no such object. Nothing changes on
  // failure.
  result<const e2ee::verified_record*> put(const codec::peer_id& node, std::string_view body,
                                           unix_seconds now);

  void set_load(const codec::peer_id& node, node_load load);
  void remove(const codec::peer_id& node);

  // Removes the nodes whose record has expired and returns them.
  std::vector<codec::peer_id> expire(unix_seconds now);

  std::size_t size() const noexcept { return nodes_.size(); }
  const e2ee::verified_record* find(std::string_view peer_text) const;

  // JSON texts of E2EE section 3. `model`: only nodes whose record names exactly this model.
  std::string list_json(std::optional<std::string_view> model) const;
  std::optional<std::string> entry_json(std::string_view peer_text) const;

  // Sorted by id.
  std::vector<served_model> models() const;

 private:
  struct entry {
    e2ee::verified_record record;
    std::string signed_json;  // "peer_id", "record" and "signature" members, as published
    node_load load;
    unix_seconds connected_since = 0;
  };
  static void append_entry(std::string& out, const entry& e);

  std::map<std::string, entry, std::less<>> nodes_;
};

}  // namespace tp::relaycore
