#include "libp2p/noise_cipher.hpp"

#include <algorithm>

namespace tp::p2p {

crypto::aead_nonce noise_nonce(std::uint64_t counter) {
  crypto::aead_nonce nonce{};
  for (std::size_t i = 4; i < nonce.size(); ++i, counter >>= 8) nonce[i] = static_cast<std::uint8_t>(counter);
  return nonce;
}

noise_sealer::noise_sealer(bytes_view key)
    : key_(crypto::aead_id::chacha20_poly1305, key, crypto::aead_use::seal) {}

bytes_view noise_sealer::seal(frame_buffer& plain) {
  if (plain.empty()) return {};
  plain.buffer_.resize(plain.buffer_.size() + frame_buffer::tag_bytes);
  for (std::size_t done = 0; done < plain.size_; done += frame_buffer::chunk_max) {
    const std::size_t part = std::min(frame_buffer::chunk_max, plain.size_ - done);
    const std::size_t sealed = part + frame_buffer::tag_bytes;
    const std::size_t at = frame_buffer::place(done);
    plain.buffer_[at - 2] = static_cast<std::uint8_t>(sealed >> 8);
    plain.buffer_[at - 1] = static_cast<std::uint8_t>(sealed);
    const bytes_span place = bytes_span(plain.buffer_).subspan(at, sealed);
    key_.seal(noise_nonce(counter_++), {}, place.first(part), place);
  }
  return plain.buffer_;
}

noise_opener::noise_opener(bytes_view key)
    : key_(crypto::aead_id::chacha20_poly1305, key, crypto::aead_use::open) {}

result<bytes_view> noise_opener::open(bytes_span message) {
  if (message.size() < frame_buffer::tag_bytes) return errc::noise_failed;
  const bytes_span plain = message.first(message.size() - frame_buffer::tag_bytes);
  const result<void> opened = key_.open(noise_nonce(counter_++), {}, message, plain);
  if (!opened) return errc::noise_failed;
  return bytes_view(plain);
}

std::size_t noise_message_size(bytes_view input) {
  if (input.size() < 2) return 0;
  const std::size_t size = (static_cast<std::size_t>(input[0]) << 8 | input[1]) + 2;
  return input.size() < size ? 0 : size;
}

}  // namespace tp::p2p
