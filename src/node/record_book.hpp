// The node's signed record: what it says of itself, always with the newest OHTTP key, with a sequence number
// that never goes back, not even over a restart (E2EE sections 2 and 4). One per node; event loop thread
// only, except that `open` reads a file at start-up. Writes `<state-dir>/record.seq` for each new record: a
// few bytes, rarely (every 30 minutes and when models change).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/services.hpp"
#include "crypto/ed25519.hpp"
#include "e2ee/key_ring.hpp"
#include "e2ee/node_record.hpp"
#include "engine/engine.hpp"
#include "node/settings.hpp"

namespace tp::node {

class record_book {
 public:
  record_book(const settings& config, const crypto::ed25519_key& identity, e2ee::key_ring& keys,
              services& with);

  // Signs a new record. Errors: those of e2ee::sign_record; io_error when record.seq cannot be written.
  result<void> renew(const std::vector<engine::model_info>& models);

  // Whether a new record is due by time or because the models, or what is told of them, are others.
  bool due(const std::vector<engine::model_info>& models) const;

  // {"record","signature"} of the newest, empty before the first renew; and a number that grows with each.
  const std::string& body() const noexcept { return body_; }
  std::int64_t version() const noexcept { return seq_; }

 private:
  const settings& config_;
  const crypto::ed25519_key& identity_;
  e2ee::key_ring& keys_;
  services& with_;
  std::filesystem::path seq_file_;
  std::int64_t seq_ = 0;
  unix_seconds renewed_ = 0;
  std::vector<engine::model_info> models_;
  std::string body_;
};

}  // namespace tp::node
