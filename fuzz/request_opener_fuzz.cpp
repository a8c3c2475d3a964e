// First byte: bit 0 the form, bit 1 whether the rest is an envelope or a message that is sealed here first.
// The verdict and what is handed out must not depend on the slicing, and a good request must be spent.
#include "base/assert.hpp"
#include "base/clock.hpp"
#include "e2ee/open.hpp"
#include "e2ee/seal.hpp"
#include "opener_outcome.hpp"

namespace {

using namespace tp;

// The node's secret in tests/testdata/vectors/negative.json, whose requests are the seeds.
constexpr std::array<std::uint8_t, 32> node_secret{
    0xa0, 0x1f, 0x3c, 0x5e, 0x7d, 0x9b, 0x28, 0x46, 0xe0, 0xc1, 0xd2, 0xf3, 0xa4, 0xb5, 0x96, 0x87,
    0x78, 0x69, 0x5a, 0x4b, 0x3c, 0x2d, 0x1e, 0x0f, 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88};

struct node {
  manual_clock clock;
  seeded_random random{1};
  e2ee::key_ring ring{clock, random, e2ee::key_ring::empty_t{}};
  node() { ring.adopt(42, crypto::x25519_key::from_secret(node_secret).value(), e2ee::offered_aeads()); }
};

void open_envelope(bytes_view body, e2ee::form form) {
  node one, other;
  e2ee::request_opener whole(one.ring, form), cut(other.ring, form), copy(one.ring, form);
  const fuzz::outcome first = fuzz::feed(whole, body, body.size());
  TP_ASSERT(first == fuzz::feed(cut, body, 1));
  if (first.failure) return;
  TP_ASSERT(fuzz::feed(copy, body, 7).failure == errc::replayed);
}

void open_message(bytes_view message, e2ee::form form) {
  node n;
  const e2ee::key_choice key = e2ee::choose_key(n.ring.key_list()).value();
  const codec::peer_id self = codec::peer_id::from_public_key(std::array<std::uint8_t, 32>{1});
  static constexpr e2ee::route routes[] = {{"POST", "/v1/chat/completions"}};
  error_code verdicts[2];
  for (error_code& verdict : verdicts) {
    const bool pieces = form == e2ee::form::chunked && &verdict == &verdicts[1];
    e2ee::request_sealer sealer = e2ee::request_sealer::make(key, form, n.random).value();
    bytes body;
    bytes_view rest = message;
    for (; pieces && !rest.empty(); rest = rest.subspan(1)) sealer.piece(rest.first(1), body).value();
    sealer.finish(rest, body).value();
    e2ee::sealed_request_reader reader(n.ring, form);
    reader.push(body).value();
    const auto call = reader.end({self, n.clock.unix_now(), routes}, n.random);
    TP_ASSERT(call.has_value());  // the envelope is authentic, whatever it holds
    if (!call->request) verdict = call->request.error();
  }
  TP_ASSERT(verdicts[0] == verdicts[1]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const e2ee::form form = (data[0] & 1) != 0 ? e2ee::form::whole : e2ee::form::chunked;
  const bytes_view rest(data + 1, size - 1);
  if ((data[0] & 2) != 0) {
    open_message(rest, form);
  } else {
    open_envelope(rest, form);
  }
  return 0;
}
