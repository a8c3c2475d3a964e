// AES-256-CBC with PKCS#7 padding (RFC 5652 section 6.3), for the first token.place's envelope only: it
// proves nothing about who wrote the text. Free functions, any thread. Keys have 32 bytes (asserted: they are
// ours). Refused: a verdict on a padding by branch; new uses (aead.hpp is what to take).
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "crypto/constant_time.hpp"

namespace tp::crypto {

inline constexpr std::size_t aes_block_bytes = 16;
using aes_block = std::array<std::uint8_t, aes_block_bytes>;

// 1 to 16 bytes longer than `in`.
bytes aes_256_cbc_seal(bytes_view key, const aes_block& iv, bytes_view in);

// Deciphers whole blocks, at least one, into `out` of the same size (all asserted). The padding stays.
void aes_256_cbc_decipher(bytes_view key, const aes_block& iv, bytes_view in, bytes_span out);

// How many bytes at the end of deciphered blocks are padding: 1 to 16, or 0 when it is not one; in the same
// time for every content. `data` has at least one block (asserted).
struct pkcs7_reading {
  ct_mask good = ct_no;
  std::uint32_t padding_bytes = 0;
};
pkcs7_reading read_pkcs7(bytes_view data);

}  // namespace tp::crypto
