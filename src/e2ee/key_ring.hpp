// A node's OHTTP keys: rotation, overlap and the sets of spent enc (E2EE sections 4 and 7, "Rotation" and
// "Replay"). One per node, shared by all its relays; one thread. Private keys live here only: in memory,
// wiped when destroyed. Every call looks at the injected clock; nothing here has a timer. The node calls
// rotate_if_due() at least every minute and, when it says new_key, signs and publishes a record at once.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_set>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"
#include "crypto/hpke.hpp"
#include "e2ee/wire.hpp"

namespace tp::e2ee {

// The enc of requests that were authentic. An entry stays until its date is out of the window for good;
// without a date in the window, as long as the set.
class spent_set {
 public:
  explicit spent_set(random_source& random, std::size_t entries_max = limits::replay_entries_max);

  bool contains(const crypto::hpke_enc& enc) const { return entries_.contains(enc); }
  bool full() const noexcept { return entries_.size() >= entries_max_; }
  std::size_t size() const noexcept { return entries_.size(); }
  // Atomic: replayed if it was there, unknown_key if the set is full.
  result<void> insert(const crypto::hpke_enc& enc);
  // The entry may go once now > date + 300 s. date_out_of_window: entries of that age have gone already (the
  // clock was set back), so this request could be a copy.
  result<void> note_date(const crypto::hpke_enc& enc, unix_seconds date);
  void forget_old(unix_seconds now);
  // Requests dated before this cannot be told from copies.
  unix_seconds date_floor() const noexcept { return date_floor_; }

 private:
  struct hash {
    std::uint64_t seed;  // strangers choose enc; they must not choose its place in the table
    std::size_t operator()(const crypto::hpke_enc& enc) const noexcept;
  };
  std::size_t entries_max_;
  std::unordered_set<crypto::hpke_enc, hash> entries_;
  std::map<unix_seconds, std::vector<crypto::hpke_enc>> by_date_;  // at most one list a second of the window
  unix_seconds date_floor_ = 0;
};

struct ring_key {
  key_config config;
  crypto::x25519_key key;
  unix_seconds made = 0;
  steady_time made_steady;
  unix_seconds listed_until = 0;  // expiry of the last record that lists it; 0: none yet
  spent_set spent;
};

enum class rotation { none, new_key };

class key_ring {
 public:
  // Makes the first key, with a random key_id.
  key_ring(const clock_source& clock, random_source& random);
  // Without a key: for fixed keys given to adopt().
  struct empty_t {};
  key_ring(const clock_source& clock, random_source& random, empty_t);
  ~key_ring();
  key_ring(const key_ring&) = delete;
  key_ring& operator=(const key_ring&) = delete;

  // The key list to put into a record: the newest key only. Afterwards call listed() with that record's
  // expiry.
  bytes key_list() const;
  void listed(unix_seconds record_expires);
  // Makes a new key when the newest is an hour old, was retired early, or the clock was set back below what
  // its spent set remembers; destroys keys whose time is over.
  rotation rotate_if_due();
  // nullptr: unknown, destroyed, or retired because its spent set is full. A request under way keeps its key.
  std::shared_ptr<ring_key> find(std::uint8_t key_id);
  std::size_t size() const noexcept { return keys_.size(); }
  unix_seconds now() const { return clock_.unix_now(); }

  // Adds a fixed key as the newest.
  void adopt(std::uint8_t key_id, crypto::x25519_key key, std::vector<crypto::aead_id> aeads);

 private:
  void put(std::uint8_t key_id, crypto::x25519_key key, std::vector<crypto::aead_id> aeads);
  bool newest_is_due() const;
  void drop_expired();

  const clock_source& clock_;
  random_source& random_;
  std::vector<std::shared_ptr<ring_key>> keys_;  // oldest first; at most one for each key_id
};

}  // namespace tp::e2ee
