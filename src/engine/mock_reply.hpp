// What the mock engine says, as text with times: the deterministic part of the mock.
// Pure; values; it looks into requests and makes answers, so it stands on the list of reveal() callers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/engine.hpp"
#include "engine/mock_script.hpp"
#include "openai/routes.hpp"

namespace tp::engine {

inline constexpr std::string_view mock_model_id = "mock-model";
inline constexpr std::string_view mock_sentence = "Mock Response: The capital of France is Paris.";

// A piece of an answer and how long to wait before it.
struct mock_piece {
  std::chrono::milliseconds delay{0};
  plaintext text{};
};

enum class mock_end { clean, cut, hang };

struct mock_answer {
  int status = 200;
  std::string content_type = "application/json";
  // The next piece, or none at the end. Each is made when it is asked for: a long answer made at once would
  // hold up every other call on the loop.
  std::function<std::optional<mock_piece>()> next;
  mock_end end = mock_end::clean;
};

// `rules` may be empty. `created` is unix time. Never fails: nonsense gets an error answer.
// For mock_fault::unavailable the status is 0. `next` is always set.
mock_answer make_mock_answer(const engine_request& request, const std::vector<mock_rule>& rules,
                             std::size_t call_index, std::int64_t created);

}  // namespace tp::engine
