// Plaintext waiting to be sealed, laid out so that sealing needs no copy: every 65,519 bytes stand between
// room for a Noise length (2) and a tag (16). Handlers append Yamux frames, noise_sealer turns the whole into
// Noise messages in place, the transport writes one contiguous view (HOTPATH rule 1). Owner: one session;
// loop thread. Not bounded here: the session compares size() with its backlog limit.
#pragma once

#include <utility>

#include "base/bytes.hpp"
#include "base/limits.hpp"

namespace tp::p2p {

class frame_buffer {
 public:
  static constexpr std::size_t length_bytes = 2;
  static constexpr std::size_t tag_bytes = 16;
  static constexpr std::size_t chunk_max = limits::noise_message_max - tag_bytes;  // plaintext of one message

  void append(bytes_view data);

  std::size_t size() const noexcept { return size_; }  // plaintext bytes
  bool empty() const noexcept { return size_ == 0; }

  // The plaintext byte at `offset` < size(), to change a frame's header while it waits.
  std::uint8_t& at(std::size_t offset) { return buffer_[place(offset)]; }

  void clear();
  void swap(frame_buffer& other) noexcept {
    buffer_.swap(other.buffer_);
    std::swap(size_, other.size_);
  }
  bytes plaintext() const;  // a copy, for tests

 private:
  friend class noise_sealer;
  static constexpr std::size_t gap = length_bytes + tag_bytes;
  static constexpr std::size_t place(std::size_t offset) {
    return offset + length_bytes + gap * (offset / chunk_max);
  }

  bytes buffer_;
  std::size_t size_ = 0;
};

}  // namespace tp::p2p
