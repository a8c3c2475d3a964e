// Noise transport messages after the handshake: ChaCha20-Poly1305, nonce = 4 zero bytes and a little-endian
// counter (Noise specification sections 5.1 and 12.3), each message behind a 2-byte big-endian length (libp2p
// noise spec). Owner: one session, one of each per direction; the cipher context lives as long (HOTPATH rule
// 7). Loop thread.
#pragma once

#include "base/error.hpp"
#include "crypto/aead.hpp"
#include "libp2p/frame_buffer.hpp"

namespace tp::p2p {

crypto::aead_nonce noise_nonce(std::uint64_t counter);

class noise_sealer {
 public:
  explicit noise_sealer(bytes_view key);
  // Seals in place and says what to send; valid until the buffer changes. The buffer is then good for clear()
  // only.
  bytes_view seal(frame_buffer& plain);

 private:
  crypto::aead_key key_;
  std::uint64_t counter_ = 0;
};

class noise_opener {
 public:
  explicit noise_opener(bytes_view key);
  // Decrypts one message (without its length) in place; the answer is its plaintext. noise_failed.
  result<bytes_view> open(bytes_span message);

 private:
  crypto::aead_key key_;
  std::uint64_t counter_ = 0;
};

// The size of the message whose length stands at the start of `input`, with the two length bytes; 0 = need
// more.
std::size_t noise_message_size(bytes_view input);

}  // namespace tp::p2p
