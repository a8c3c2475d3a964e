// The chunk machine of E2EE section 6, one for both directions: a chunk_opener takes any slices of a body and
// hands out authentic pieces; a chunk_sealer cuts pieces and appends chunks. Both work on an aead_sequence
// the owner keeps. Used by seal.hpp and open.hpp only. Owned by one message; one thread. The relay must not
// link this.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"
#include "crypto/aead.hpp"
#include "e2ee/wire.hpp"

namespace tp::e2ee {

// Gets each piece as soon as it is authentic; the bytes are wiped after the call.
using piece_sink = std::function<void(bytes_view)>;

struct message_limits {
  std::size_t message = 0;                      // encapsulated bytes, all of them
  std::size_t chunk = limits::chunk_bytes_max;  // ciphertext of one chunk, the final one too
  std::size_t chunks = limits::chunks_max;      // the final one too
};
inline constexpr message_limits request_limits{limits::request_bytes_max};
inline constexpr message_limits response_limits{limits::response_bytes_max};

// States LEN … DONE. The owner has consumed header and enc, or the response nonce.
class chunk_opener {
 public:
  chunk_opener(form f, const message_limits& bounds);
  ~chunk_opener();
  chunk_opener(chunk_opener&&) = default;
  chunk_opener& operator=(chunk_opener&&) = delete;

  // too_many_chunks, chunk_too_short, chunk_too_large, decrypt_failed. After an error: nothing more is handed
  // out.
  result<void> push(crypto::aead_sequence& keys, bytes_view slice, const piece_sink& sink);
  // The body ended properly. truncated, decrypt_failed; else the last piece was handed out.
  result<void> end(crypto::aead_sequence& keys, const piece_sink& sink);

 private:
  enum class state { length, body, final_chunk, whole };
  result<std::size_t> step(crypto::aead_sequence& keys, bytes_view slice, const piece_sink& sink);
  result<void> on_length(std::uint64_t value);
  result<void> open_buffer(crypto::aead_sequence& keys, std::string_view aad, const piece_sink& sink);
  void clear_buffer() noexcept;

  form form_;
  message_limits bounds_;
  state state_;
  bytes buffer_;  // a length, or ciphertext that becomes plaintext in place; wiped before it is reused
  std::size_t expected_ = 0;  // bytes of the chunk being collected
  std::size_t chunks_ = 0;
};

// Appends to the caller's buffer; pieces over 16,384 bytes become several chunks. A piece must not lie in
// that buffer.
class chunk_sealer {
 public:
  chunk_sealer(form f, std::size_t message_max);

  // Nothing for an empty piece. message_too_large, too_many_chunks, or invalid_argument (whole form, or after
  // the end); `out` is then unchanged.
  result<void> piece(crypto::aead_sequence& keys, bytes_view piece, bytes& out);
  // The end of the message, with its last piece (may be empty); in the whole form, the message.
  result<void> finish(crypto::aead_sequence& keys, bytes_view last, bytes& out);
  // Counts bytes the owner wrote in front (header and enc, or the nonce).
  void count(std::size_t written) noexcept { total_ += written; }

 private:
  struct cost {
    std::size_t bytes;
    std::size_t chunks;
  };
  static cost cost_of(std::size_t size);
  result<void> reserve(const cost& more);
  void put_chunks(crypto::aead_sequence& keys, bytes_view piece, bytes& out);

  form form_;
  std::size_t message_max_;
  std::size_t total_ = 0;
  std::size_t chunks_ = 0;
  bool finished_ = false;
};

// Keys of a response: E2EE section 6, from `exported` on. `nonce` is rnonce, of response_nonce_bytes(aead).
std::size_t response_nonce_bytes(crypto::aead_id aead);
crypto::aead_sequence response_keys(crypto::aead_id aead, bytes_view exported, bytes_view enc,
                                    bytes_view nonce, crypto::aead_use use);

}  // namespace tp::e2ee
