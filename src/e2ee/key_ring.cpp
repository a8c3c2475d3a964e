#include "e2ee/key_ring.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/assert.hpp"

namespace tp::e2ee {

std::size_t spent_set::hash::operator()(const crypto::hpke_enc& enc) const noexcept {
  std::uint64_t mixed = seed;
  for (std::size_t at = 0; at < enc.size(); at += sizeof mixed) {
    std::uint64_t word = 0;
    std::memcpy(&word, enc.data() + at, sizeof word);
    mixed = (mixed ^ word) * 0x9e37'79b9'7f4a'7c15U;
    mixed ^= mixed >> 32;
  }
  return static_cast<std::size_t>(mixed);
}

spent_set::spent_set(random_source& random, std::size_t entries_max)
    : entries_max_(entries_max), entries_(0, hash{random.next_u64()}) {}

result<void> spent_set::insert(const crypto::hpke_enc& enc) {
  if (contains(enc)) return errc::replayed;
  if (full()) return errc::unknown_key;
  entries_.insert(enc);
  return {};
}

result<void> spent_set::note_date(const crypto::hpke_enc& enc, unix_seconds date) {
  if (date < date_floor_) return errc::date_out_of_window;
  by_date_[date].push_back(enc);
  return {};
}

void spent_set::forget_old(unix_seconds now) {
  while (!by_date_.empty() && now > by_date_.begin()->first + limits::date_window_s) {
    const auto oldest = by_date_.begin();
    for (const crypto::hpke_enc& enc : oldest->second) entries_.erase(enc);
    date_floor_ = std::max(date_floor_, oldest->first + 1);
    by_date_.erase(oldest);
  }
}

key_ring::key_ring(const clock_source& clock, random_source& random) : key_ring(clock, random, empty_t{}) {
  const auto key_id = static_cast<std::uint8_t>(random_.below(256));
  put(key_id, crypto::x25519_key::generate(random_), offered_aeads());
}

key_ring::key_ring(const clock_source& clock, random_source& random, empty_t)
    : clock_(clock), random_(random) {}

key_ring::~key_ring() {
  for (const auto& key : keys_) key->key.secret.clear();
}

void key_ring::adopt(std::uint8_t key_id, crypto::x25519_key key, std::vector<crypto::aead_id> aeads) {
  put(key_id, std::move(key), std::move(aeads));
}

void key_ring::put(std::uint8_t key_id, crypto::x25519_key key, std::vector<crypto::aead_id> aeads) {
  // After 256 rotations within one overlap the oldest gives way.
  std::erase_if(keys_, [key_id](const std::shared_ptr<ring_key>& old) {
    if (old->config.key_id != key_id) return false;
    old->key.secret.clear();
    return true;
  });
  const key_config config{key_id, key.public_key, std::move(aeads)};
  keys_.push_back(std::make_shared<ring_key>(
      ring_key{config, std::move(key), clock_.unix_now(), clock_.steady_now(), 0, spent_set(random_)}));
}

bytes key_ring::key_list() const {
  TP_ASSERT(!keys_.empty());
  return write_key_list({keys_.back()->config});
}

void key_ring::listed(unix_seconds record_expires) {
  TP_ASSERT(!keys_.empty());
  unix_seconds& until = keys_.back()->listed_until;
  until = std::max(until, record_expires);
}

bool key_ring::newest_is_due() const {
  const ring_key& newest = *keys_.back();
  const unix_seconds now = clock_.unix_now();
  const std::chrono::seconds wall_age(now - newest.made);
  if (clock_.steady_now() - newest.made_steady >= limits::key_rotation_interval) return true;
  if (wall_age >= limits::key_rotation_interval || newest.spent.full()) return true;
  // The clock was set back so far that requests with the right date look like copies of forgotten ones.
  return newest.spent.date_floor() > now - limits::record_skew_s;
}

rotation key_ring::rotate_if_due() {
  drop_expired();
  if (!keys_.empty() && !newest_is_due()) return rotation::none;
  const int previous = keys_.empty() ? static_cast<int>(random_.below(256)) : keys_.back()->config.key_id;
  put(static_cast<std::uint8_t>(previous + 1), crypto::x25519_key::generate(random_), offered_aeads());
  drop_expired();
  return rotation::new_key;
}

void key_ring::drop_expired() {
  const unix_seconds now = clock_.unix_now();
  for (const auto& key : keys_) key->spent.forget_old(now);
  std::erase_if(keys_, [this, now](const std::shared_ptr<ring_key>& key) {
    if (key == keys_.back()) return false;
    // Retired for good: its set is the largest thing here. A request under way keeps the key and is refused.
    if (key->spent.full()) return true;
    if (now <= key->listed_until + limits::key_overlap_s) return false;
    key->key.secret.clear();
    return true;
  });
}

std::shared_ptr<ring_key> key_ring::find(std::uint8_t key_id) {
  drop_expired();
  for (const auto& key : keys_)
    if (key->config.key_id == key_id && !key->spent.full()) return key;
  return nullptr;
}

}  // namespace tp::e2ee
