// A body taken for the answer to a fixed request: the verdict and what is handed out must not depend on the
// slicing.
#include <cstring>

#include "base/assert.hpp"
#include "e2ee/seal.hpp"
#include "opener_outcome.hpp"

namespace {

using namespace tp;

// Key and ephemeral secret of tests/testdata/vectors/negative.json, whose responses are the seeds.
constexpr std::array<std::uint8_t, 32> node_public{
    0x83, 0xd3, 0x79, 0xcb, 0x6d, 0x1a, 0x3b, 0x47, 0x27, 0x0c, 0xbd, 0x7a, 0xce, 0xa2, 0x1a, 0xc1,
    0x19, 0x1a, 0xc3, 0x19, 0x05, 0x43, 0x94, 0xcf, 0x4b, 0x7e, 0x60, 0xe0, 0x69, 0x7d, 0x87, 0x44};

class ephemeral final : public random_source {
 public:
  void fill(bytes_span out) override {
    std::memset(out.data(), 0xc3, out.size());
    out[0] = 0x5b;
  }
};

e2ee::response_opener make_opener() {
  const e2ee::key_choice key{42, node_public, crypto::aead_id::aes_256_gcm};
  ephemeral random;
  bytes request;
  e2ee::request_sealer sealer = e2ee::request_sealer::make(key, e2ee::form::chunked, random).value();
  return sealer.finish({}, request).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes_view body(data, size);
  e2ee::response_opener whole = make_opener();
  e2ee::response_opener cut = make_opener();
  const fuzz::outcome first = fuzz::feed(whole, body, body.size());
  TP_ASSERT(first == fuzz::feed(cut, body, 1));
  TP_ASSERT(whole.done() == !first.failure);
  return 0;
}
