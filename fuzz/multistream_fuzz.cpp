// The listener never takes more than it was given, answers the same however the input is cut, and ends after
// a bounded number of proposals. The initiator accepts nothing but the exact answer.
#include "libp2p/multistream.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"

namespace {

const std::array<std::string, 2> offered{"/http/1.1", "/ipfs/ping/1.0.0"};

struct outcome {
  int accepted = -1;  // -2 = rejected
  std::size_t used = 0;
  tp::bytes answer;
};

outcome listen(tp::bytes_view input, std::size_t piece) {
  tp::p2p::multistream_listener machine;
  outcome got;
  while (got.used < input.size() && got.accepted == -1) {
    const tp::bytes_view now = input.subspan(got.used).first(std::min(piece, input.size() - got.used));
    const auto step = machine.on_bytes(now, offered, got.answer);
    if (!step) return {-2, 0, {}};
    TP_ASSERT(step->used <= now.size() && (step->accepted || step->used == now.size()));
    got.used += step->used;
    if (step->accepted) got.accepted = static_cast<int>(*step->accepted);
  }
  return got;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  if (size == 0) return 0;
  const bytes_view input(data, size);
  const outcome whole = listen(input, size), bytewise = listen(input, 1);
  TP_ASSERT(whole.accepted == bytewise.accepted && whole.used == bytewise.used &&
            whole.answer == bytewise.answer);
  TP_ASSERT(whole.answer.size() < 4'096);

  const bytes proposal = p2p::multistream_proposal(offered[0]);
  p2p::multistream_initiator initiator(proposal);
  const auto taken = initiator.on_bytes(input);
  const bool is_answer = size >= proposal.size() && std::equal(proposal.begin(), proposal.end(), data);
  TP_ASSERT((taken && initiator.accepted()) == is_answer);
  return 0;
}
