// Scripts of the mock engine: what is taken has bounded rules, and the rule found for a call fits it. The
// first line is the message of the call, the rest the script.
#include "engine/mock_script.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/limits.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const std::string_view input = as_chars({data, size});
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string_view message = input.substr(0, end);
  const auto rules = engine::parse_mock_script(input.substr(std::min(end + 1, input.size())));
  if (!rules) return 0;
  TP_ASSERT(rules->size() <= limits::mock_rules_max);
  for (const engine::mock_rule& each : *rules) {
    TP_ASSERT(each.delay_first.count() >= 0 && each.delay_between.count() >= 0);
    TP_ASSERT(!each.status || (*each.status >= 200 && *each.status <= 599));
    TP_ASSERT(!engine::name(each.fault).empty());
  }
  for (const std::size_t index : {std::size_t{0}, std::size_t{1}, size}) {
    const engine::mock_rule* found = engine::find_rule(*rules, index, message);
    const bool any = std::any_of(rules->begin(), rules->end(),
                                 [](const engine::mock_rule& each) { return !each.match && !each.index; });
    if (found == nullptr) TP_ASSERT(!any);
    if (found == nullptr) continue;
    TP_ASSERT(!found->match || message.find(*found->match) != std::string_view::npos);
    TP_ASSERT(!found->index || *found->index == index);
  }
  return 0;
}
