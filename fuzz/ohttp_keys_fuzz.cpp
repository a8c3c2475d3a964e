// What parses is written as a list that parses to the same; a client's choice comes from the first
// configuration.
#include <algorithm>

#include "base/assert.hpp"
#include "e2ee/wire.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const bytes_view list(data, size);
  const auto configs = e2ee::parse_key_list(list);
  const auto choice = e2ee::choose_key(list);
  TP_ASSERT(configs.has_value() == choice.has_value());
  if (!configs) {
    TP_ASSERT(configs.error() == errc::bad_ohttp_keys);
    return 0;
  }
  TP_ASSERT(!configs->empty());
  const e2ee::key_config& first = configs->front();
  TP_ASSERT(choice->key_id == first.key_id && choice->public_key == first.public_key);
  TP_ASSERT(std::ranges::count(first.aeads, choice->aead) > 0);
  const auto again = e2ee::parse_key_list(e2ee::write_key_list(*configs));
  TP_ASSERT(again && *again == *configs);
  return 0;
}
