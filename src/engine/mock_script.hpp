// The rules by which the mock engine answers in tests: replies, delays, faults.
// {"rules":[{"match":"text" | "index":N, "reply":"…", "delay_ms_first":N, "delay_ms_between":N, "fault":"…",
// "after":N,
//   "status":N, "body":"…"}]}, or the array alone. The first rule that fits a call is used; without one the
//   mock
// answers as always. `match` is a part of the last user message, `index` the number of the call, from 0.
// Pure; values. Refuses unknown members, so that a typing error is noticed.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tp::engine {

enum class mock_fault {
  none,
  hang,         // nothing more after `after` words; without words not even a head
  error_500,    // llama-server's way of failing
  cut,          // the connection ends after `after` words
  malformed,    // an event (or body) that is no JSON, after `after` words
  unavailable,  // the call is refused as if the engine were loading
};
std::string_view name(mock_fault fault) noexcept;

struct mock_rule {
  std::optional<std::string> match{};
  std::optional<std::size_t> index{};
  std::optional<std::string> reply{};
  std::chrono::milliseconds delay_first{0};
  std::chrono::milliseconds delay_between{0};
  mock_fault fault = mock_fault::none;
  std::size_t after = 0;        // words
  std::optional<int> status{};  // answered with `body` instead of a reply
  std::string body{};
};

// Fails with invalid_json, invalid_configuration (unknown member, wrong type, out of range), too_many or
// too_large.
result<std::vector<mock_rule>> parse_mock_script(std::string_view text);

// The rule for one call; null: none.
const mock_rule* find_rule(const std::vector<mock_rule>& rules, std::size_t call_index,
                           std::string_view last_message);

}  // namespace tp::engine
