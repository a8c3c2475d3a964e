// Limits on inference requests per client: a rate and a daily quota, as token buckets. One limiter for all
// inference routes. Owned by the relay, touched on its loop only; pure: the time comes in with each call, as
// unix milliseconds because buckets outlive a restart (export_state, import_state). Bounded: above
// entries_max the bucket that is full, or will be first, is forgotten; nobody full loses anything.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"

namespace tp::relaycore {

using unix_milliseconds = std::int64_t;

// So many requests at once, and again after `period`, evenly. No tokens: no limit.
struct rate {
  std::int64_t tokens = 0;
  std::chrono::seconds period{3'600};
  bool operator==(const rate&) const = default;
};

// "60/hour", "60 per hour", "10/5 minutes", "10 per 5 minute"; second, minute, hour, day, month (30 days);
// "0": no limit. Fails with invalid_configuration.
result<rate> parse_rate(std::string_view text);
// "60 per 1 hour", as the first token.place wrote it.
std::string to_text(const rate& limit);

struct rate_rules {
  rate request{60, std::chrono::hours(1)};    // API_RATE_LIMIT
  rate quota{1'000, std::chrono::hours(24)};  // API_DAILY_QUOTA
};

enum class limited_by { nothing, request_rate, quota };

// For the headers of every counted answer; the limit shown is the one that refused, else the one with less
// left.
struct rate_verdict {
  limited_by refused = limited_by::nothing;
  std::optional<rate> shown;            // none: nothing is limited, send no headers
  std::int64_t remaining = 0;           // X-RateLimit-Remaining; shown->tokens is X-RateLimit-Limit
  unix_seconds reset = 0;               // X-RateLimit-Reset: when all is there again
  std::chrono::seconds retry_after{0};  // until one request is allowed; 0 if this one was
};

// "Rate limit exceeded: 60 per 1 hour. Try again in 17 seconds." for the 429 answer.
std::string refusal_message(const rate_verdict& verdict);

// One client's buckets as kept in a file: thousandths of a token in use, so that the rules may change
// meanwhile.
struct rate_state {
  std::string key;
  unix_milliseconds at = 0;
  std::array<std::int64_t, 2> used_milli{};
};

class rate_limiter {
 public:
  explicit rate_limiter(rate_rules rules, std::size_t entries_max = limits::rate_keys_max);

  // Counts one request of this client, against both limits or, when one refuses, against neither.
  rate_verdict take(std::string_view key, unix_milliseconds now);

  // New rules; what clients have used stays used.
  void replace(rate_rules rules, unix_milliseconds now);

  // Only buckets that are not full.
  std::vector<rate_state> export_state(unix_milliseconds now) const;
  // Adds to what is there (a client that is known already keeps what it has); nonsense is left out.
  void import_state(const std::vector<rate_state>& saved, unix_milliseconds now);

  // Forgets full buckets; now and then, so that memory follows the traffic.
  void sweep(unix_milliseconds now);
  std::size_t size() const noexcept { return clients_.size(); }

 private:
  // `used` counts in token-milliseconds: a request costs the period in milliseconds, and each millisecond
  // gives back `tokens`. So all of it is exact.
  struct bucket {
    std::int64_t used = 0;
  };
  struct entry {
    std::array<bucket, 2> buckets;
    unix_milliseconds at = 0;       // when the buckets were counted
    unix_milliseconds full_at = 0;  // its place in by_full_
  };
  using client_map = std::map<std::string, entry, std::less<>>;

  void refill(entry& each, unix_milliseconds now) const;
  void place(client_map::iterator client);
  void make_room(unix_milliseconds now);
  rate_verdict describe(const entry& each, unix_milliseconds now) const;

  std::array<rate, 2> rules_;
  std::size_t entries_max_;
  client_map clients_;
  std::set<std::pair<unix_milliseconds, const std::string*>> by_full_;  // keys of clients_
};

}  // namespace tp::relaycore
