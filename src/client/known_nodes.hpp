// The newest record accepted from each node, kept between runs, so that a relay cannot bring an old one back.
// Owned by the program; event loop thread. The file is small, private (0600) and replaced atomically; it is
// read at the start and written at the end (blocking). A damaged file counts as empty: it only weakens the
// rollback check.
#pragma once

#include <filesystem>
#include <map>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "e2ee/node_record.hpp"

namespace tp::client {

class known_nodes {
 public:
  // Entries that can no longer matter (a record of that age is refused as expired anyway) are dropped.
  // Errors: permission_denied, io_error, invalid_json. A missing file is success.
  result<void> load(const std::filesystem::path& file, unix_seconds now);
  // Writes only if something changed. Errors: permission_denied, io_error.
  result<void> save(const std::filesystem::path& file);

  // Null if none. Valid until the next remember().
  const e2ee::last_record* last(const codec::peer_id& peer) const;
  void remember(const e2ee::verified_record& record);
  std::size_t size() const { return entries_.size(); }

 private:
  struct entry {
    e2ee::last_record record;
    unix_seconds issued = 0;
  };
  void drop_oldest();
  std::map<codec::peer_id, entry> entries_;
  bool changed_ = false;
};

}  // namespace tp::client
