#include "relaycore/rate_limit.hpp"

#include <algorithm>
#include <charconv>

#include "codec/http1_chars.hpp"

namespace tp::relaycore {

namespace {

using codec::chars::trim;
using std::chrono::seconds;

struct unit {
  std::string_view name;
  std::int64_t seconds;
};
constexpr std::array<unit, 5> units{
    {{"month", 30 * 86'400}, {"day", 86'400}, {"hour", 3'600}, {"minute", 60}, {"second", 1}}};

// A number off the front of `text`.
std::optional<std::int64_t> take_number(std::string_view& text) {
  text = trim(text);
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  text = trim(text);
  return number;
}

std::int64_t round_up(std::int64_t value, std::int64_t by) { return (value + by - 1) / by; }

std::int64_t cost(const rate& limit) { return limit.period.count() * 1'000; }
std::int64_t capacity(const rate& limit) { return limit.tokens * cost(limit); }

bool sane(const rate& limit) {
  return limit.tokens >= 0 && limit.tokens <= limits::rate_tokens_max && limit.period >= seconds(1) &&
         limit.period <= limits::rate_period_max;
}

// Milliseconds until `used` has come down to `wanted`.
std::int64_t time_until(const rate& limit, std::int64_t used, std::int64_t wanted) {
  return used <= wanted ? 0 : round_up(used - wanted, limit.tokens);
}

// The other way round than cost(): thousandths of tokens and back, rounded against the client.
std::int64_t to_milli(const rate& limit, std::int64_t used) { return round_up(used, limit.period.count()); }
std::int64_t from_milli(const rate& limit, std::int64_t milli) {
  const std::int64_t most = limit.tokens * 1'000;
  return std::clamp<std::int64_t>(milli, 0, most) * limit.period.count();
}

}  // namespace

result<rate> parse_rate(std::string_view text) {
  const auto tokens = take_number(text);
  if (!tokens) return errc::invalid_configuration;
  if (text.empty() && *tokens == 0) return rate{};
  if (text.starts_with('/')) {
    text.remove_prefix(1);
  } else if (text.starts_with("per ")) {
    text.remove_prefix(4);
  } else {
    return errc::invalid_configuration;
  }
  text = trim(text);
  std::int64_t count = 1;
  if (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    const auto given = take_number(text);
    if (!given || *given > limits::rate_period_max / seconds(1)) return errc::invalid_configuration;
    count = *given;
  }
  if (text.ends_with('s')) text.remove_suffix(1);
  for (const unit& each : units) {
    const rate made{*tokens, seconds(count * each.seconds)};
    if (text == each.name && sane(made)) return made;
  }
  return errc::invalid_configuration;
}

std::string to_text(const rate& limit) {
  const std::int64_t period = limit.period.count();
  const auto largest =
      std::find_if(units.begin(), units.end(), [&](const unit& u) { return period % u.seconds == 0; });
  return std::to_string(limit.tokens) + " per " + std::to_string(period / largest->seconds) + " " +
         std::string(largest->name);
}

std::string refusal_message(const rate_verdict& verdict) {
  return "Rate limit exceeded: " + to_text(verdict.shown.value_or(rate{})) + ". Try again in " +
         std::to_string(verdict.retry_after.count()) + " seconds.";
}

rate_limiter::rate_limiter(rate_rules rules, std::size_t entries_max)
    : rules_{rules.request, rules.quota}, entries_max_(entries_max) {}

void rate_limiter::refill(entry& each, unix_milliseconds now) const {
  const std::int64_t passed = now - each.at;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    std::int64_t& used = each.buckets[i].used;
    if (rules_[i].tokens == 0 || passed >= time_until(rules_[i], used, 0)) {
      used = 0;
    } else if (passed > 0) {
      used -= passed * rules_[i].tokens;
    }
  }
  each.at = now;  // a clock set back gives nothing and takes nothing
}

void rate_limiter::place(client_map::iterator client) {
  entry& each = client->second;
  by_full_.erase({each.full_at, &client->first});
  std::int64_t wait = 0;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].tokens != 0) wait = std::max(wait, time_until(rules_[i], each.buckets[i].used, 0));
  }
  each.full_at = each.at + wait;
  by_full_.emplace(each.full_at, &client->first);
}

void rate_limiter::make_room(unix_milliseconds now) {
  sweep(now);
  while (!clients_.empty() && clients_.size() >= entries_max_) {
    const std::string key = *by_full_.begin()->second;
    by_full_.erase(by_full_.begin());
    clients_.erase(key);
  }
}

void rate_limiter::sweep(unix_milliseconds now) {
  while (!by_full_.empty() && by_full_.begin()->first <= now) {
    const std::string key = *by_full_.begin()->second;
    by_full_.erase(by_full_.begin());
    clients_.erase(key);
  }
}

rate_verdict rate_limiter::describe(const entry& each, unix_milliseconds now) const {
  rate_verdict told;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const rate& limit = rules_[i];
    if (limit.tokens == 0) continue;
    const std::int64_t used = each.buckets[i].used;
    const std::int64_t wait = round_up(time_until(limit, used, capacity(limit) - cost(limit)), 1'000);
    const std::int64_t remaining = (capacity(limit) - used) / cost(limit);
    const bool worse = seconds(wait) > told.retry_after ||
                       (told.retry_after == seconds(0) && (!told.shown || remaining < told.remaining));
    if (!worse) continue;
    if (wait > 0) told.refused = i == 0 ? limited_by::request_rate : limited_by::quota;
    told.shown = limit;
    told.remaining = remaining;
    told.reset = round_up(now + time_until(limit, used, 0), 1'000);
    told.retry_after = seconds(wait);
  }
  return told;
}

rate_verdict rate_limiter::take(std::string_view key, unix_milliseconds now) {
  auto client = clients_.find(key);
  if (client == clients_.end()) {
    make_room(now);
    client = clients_.emplace(std::string(key), entry{{}, now, now}).first;
  }
  entry& each = client->second;
  refill(each, now);
  rate_verdict told = describe(each, now);
  if (told.refused == limited_by::nothing) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (rules_[i].tokens != 0) each.buckets[i].used += cost(rules_[i]);
    }
    told = describe(each, now);
    told.refused = limited_by::nothing;  // that the next one would have to wait is not about this one
    told.retry_after = seconds(0);
  }
  place(client);
  return told;
}

void rate_limiter::replace(rate_rules rules, unix_milliseconds now) {
  const std::vector<rate_state> kept = export_state(now);
  clients_.clear();
  by_full_.clear();
  rules_ = {rules.request, rules.quota};
  import_state(kept, now);
}

std::vector<rate_state> rate_limiter::export_state(unix_milliseconds now) const {
  std::vector<rate_state> out;
  for (const auto& [key, kept] : clients_) {
    entry each = kept;
    refill(each, now);
    rate_state state{key, now, {}};
    for (std::size_t i = 0; i < rules_.size(); ++i)
      state.used_milli[i] = to_milli(rules_[i], each.buckets[i].used);
    if (state.used_milli != std::array<std::int64_t, 2>{}) out.push_back(std::move(state));
  }
  return out;
}

void rate_limiter::import_state(const std::vector<rate_state>& saved, unix_milliseconds now) {
  for (const rate_state& state : saved) {
    if (clients_.contains(state.key)) continue;
    entry each{{}, std::clamp<unix_milliseconds>(state.at, 0, now), 0};
    for (std::size_t i = 0; i < rules_.size(); ++i)
      each.buckets[i].used = from_milli(rules_[i], state.used_milli[i]);
    refill(each, now);
    if (each.buckets[0].used == 0 && each.buckets[1].used == 0) continue;
    if (clients_.size() >= entries_max_) make_room(now);
    place(clients_.emplace(state.key, each).first);
  }
}

}  // namespace tp::relaycore
