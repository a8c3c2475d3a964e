// What engines leave out is added to any text without harm: edits ascend and lie inside, JSON stays JSON with
// all it had, and nothing is added twice. The first byte chooses the endpoint and whether usage was asked
// for.
#include "openai/answer_edits.hpp"

#include <array>

#include "base/assert.hpp"
#include "codec/json.hpp"
#include "openai/payload.hpp"

namespace {

using namespace tp;

void check_edits(openai::endpoint which, std::string_view text, openai::chunk_usage usage) {
  std::vector<openai::edit> edits;
  openai::find_answer_edits(which, text, usage, edits);
  std::size_t behind = 0;
  for (const openai::edit& each : edits) {
    TP_ASSERT(each.at >= behind && each.at <= text.size());
    TP_ASSERT(each.remove == 0 && !each.insert.empty());
    behind = each.at;
  }
}

// What stood there stands there still, in its order.
bool holds_all_of(std::string_view after, std::string_view before) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < after.size() && found < before.size(); ++i) found += after[i] == before[found];
  return found == before.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::array endpoints{openai::endpoint::chat_completions, openai::endpoint::completions,
                             openai::endpoint::responses, openai::endpoint::embeddings};
  openai::request_facts facts;
  facts.which = endpoints[data[0] % endpoints.size()];
  const bool asked = (data[0] & 0x10U) != 0;
  facts.usage = asked ? openai::stream_usage::asked : openai::stream_usage::not_asked;
  const bytes_view input(data + 1, size - 1);
  const std::string_view text = as_chars(input);
  check_edits(facts.which, text, asked ? openai::chunk_usage::null_if_absent : openai::chunk_usage::leave);

  const openai::answer_fixer fixer(facts);
  const plaintext whole = fixer.whole(plaintext(input));
  TP_ASSERT(holds_all_of(whole.reveal_text(), text));
  const plaintext whole_again = fixer.whole(plaintext(whole.reveal()));
  TP_ASSERT(whole_again.reveal_text() == whole.reveal_text());
  const auto before = codec::parse_json(text);
  if (before) TP_ASSERT(codec::parse_json(whole.reveal_text()));
  if (before && !before->is_object()) TP_ASSERT(whole.reveal_text() == text);

  const plaintext events = fixer.events(plaintext(input));
  TP_ASSERT(holds_all_of(events.reveal_text(), text));
  const plaintext events_again = fixer.events(plaintext(events.reveal()));
  TP_ASSERT(events_again.reveal_text() == events.reveal_text());
  return 0;
}
