#include "crypto/rsa_unpad.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "crypto/hash.hpp"

namespace tp::crypto {

namespace {

constexpr std::size_t hash_bytes = 32;

// XORs MGF1(seed) over `out` (RFC 8017 appendix B.2.1).
void mask_with_mgf1(bytes_view seed, bytes_span out) {
  bytes input(seed.begin(), seed.end());
  input.resize(seed.size() + 4);
  for (std::uint32_t counter = 0; !out.empty(); ++counter) {
    for (std::size_t i = 0; i < 4; ++i)
      input[seed.size() + i] = static_cast<std::uint8_t>(counter >> (24 - 8 * i));
    digest mask = sha256(input);
    const std::size_t part = std::min(out.size(), mask.size());
    for (std::size_t i = 0; i < part; ++i) out[i] ^= mask[i];
    wipe(mask.data(), mask.size());
    out = out.subspan(part);
  }
  wipe(input.data(), input.size());
}

// Bits that differ anywhere, collected without a branch.
std::uint32_t differences(bytes_view a, bytes_view b) {
  std::uint32_t found = 0;
  for (std::size_t i = 0; i < a.size(); ++i) found |= static_cast<std::uint32_t>(a[i] ^ b[i]);
  return found;
}

}  // namespace

unpadded unpad_oaep(bytes_view block, std::size_t message_bytes) {
  TP_ASSERT(block.size() >= message_bytes + 2 * hash_bytes + 2);
  bytes work(block.begin(), block.end());
  const bytes_span seed = bytes_span(work).subspan(1, hash_bytes);
  const bytes_span data = bytes_span(work).subspan(1 + hash_bytes);
  mask_with_mgf1(data, seed);
  mask_with_mgf1(seed, data);
  const std::size_t one_at = data.size() - message_bytes - 1;
  std::uint32_t wrong = work[0];
  wrong |= differences(data.first(hash_bytes), sha256({}));
  for (std::size_t i = hash_bytes; i < one_at; ++i) wrong |= data[i];
  wrong |= data[one_at] ^ 1U;
  unpadded out{ct_is_zero(wrong), secret_key(bytes_view(data.subspan(one_at + 1)))};
  wipe(work.data(), work.size());
  return out;
}

unpadded unpad_pkcs1(bytes_view block, std::size_t message_bytes) {
  constexpr std::size_t filler_at = 2;
  constexpr std::size_t filler_bytes_min = 8;
  TP_ASSERT(block.size() >= message_bytes + filler_at + filler_bytes_min + 1);
  const std::size_t zero_at = block.size() - message_bytes - 1;
  std::uint32_t wrong = block[0];
  wrong |= block[1] ^ 2U;
  for (std::size_t i = filler_at; i < zero_at; ++i) wrong |= ct_is_zero(block[i]);
  wrong |= block[zero_at];
  return {ct_is_zero(wrong), secret_key(block.subspan(zero_at + 1))};
}

}  // namespace tp::crypto
