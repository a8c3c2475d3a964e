// The relay's list of nodes (E2EE section 3), of which a client believes only what nodes have signed.
// A bad entry is dropped, the rest of the list stays. Load figures are the relay's word and prove nothing:
// they help to choose, no more. The list is fetched whole, without the model filter, so that the relay does
// not learn the model. Owned by the program; event loop thread. Refuses unverified records, lists over their
// bound, redirects.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/deadline.hpp"
#include "base/services.hpp"
#include "client/known_nodes.hpp"
#include "codec/json.hpp"
#include "e2ee/node_record.hpp"
#include "net/http_client.hpp"

namespace tp::client {

using async::task;

struct node_load {
  std::int64_t in_flight = 0;
  std::int64_t capacity = 0;
  std::int64_t queued = 0;
};

struct node_entry {
  e2ee::verified_record record;
  node_load load;
  unix_seconds connected_since = 0;
};

struct node_list {
  std::vector<node_entry> nodes;
  std::size_t dropped = 0;          // entries that failed verification
  errc dropped_because = errc::ok;  // the last of them
};

class directory {
 public:
  directory(net::http_client& relay, known_nodes& known, services& with);

  // The whole list, fresh from the relay. Errors: relay_unreachable, invalid_json (not a directory),
  // too_large, deadline_exceeded, cancelled.
  task<node_list> fetch(async::deadline until);
  // One node's entry. Errors as above; node_not_found; those of verification, peer_id_mismatch among them.
  task<node_entry> fetch_one(codec::peer_id peer, async::deadline until);
  // The list as it was not longer than limits::directory_age_max ago.
  task<std::shared_ptr<const node_list>> recent(async::deadline until);
  // One node of that list, or fetched alone and kept as long.
  task<node_entry> recent_one(codec::peer_id peer, async::deadline until);
  // The next recent… asks the relay again.
  void forget_recent() {
    fetched_at_.reset();
    one_.reset();
  }

  // For tests and for what is read from elsewhere.
  result<node_list> read_list(std::string_view text);
  result<node_entry> read_entry(const json::value& entry, const std::optional<codec::peer_id>& pin);

 private:
  struct verified {
    std::string record_text;
    std::string signature_text;
    e2ee::verified_record record;
  };
  task<std::string> fetch_text(std::string target, async::deadline until);
  result<e2ee::verified_record> verify(const json::object& entry, const std::optional<codec::peer_id>& pin);

  net::http_client& relay_;
  known_nodes& known_;
  services& services_;
  std::map<std::string, verified, std::less<>>
      seen_;  // of the last list: the same bytes are not verified again
  bool is_recent(const std::optional<steady_time>& when) const;
  std::shared_ptr<const node_list> recent_;
  std::optional<steady_time> fetched_at_;
  std::optional<node_entry> one_;
  std::optional<steady_time> one_at_;
};

// What a failure of net means to somebody who wanted the relay: all that happens before it is reached is
// relay_unreachable.
errc relay_failure(const error_code& error);

}  // namespace tp::client
