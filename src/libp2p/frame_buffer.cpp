#include "libp2p/frame_buffer.hpp"

#include <algorithm>

namespace tp::p2p {

void frame_buffer::append(bytes_view data) {
  while (!data.empty()) {
    const std::size_t in_chunk = size_ % chunk_max;
    if (in_chunk == 0) buffer_.resize(buffer_.size() + (size_ == 0 ? length_bytes : gap));
    const std::size_t part = std::min(data.size(), chunk_max - in_chunk);
    tp::append(buffer_, data.first(part));
    size_ += part;
    data = data.subspan(part);
  }
}

void frame_buffer::clear() {
  constexpr std::size_t keep_max = 1U << 20;  // a burst must not pin its memory
  if (buffer_.capacity() > keep_max) bytes().swap(buffer_);
  buffer_.clear();
  size_ = 0;
}

bytes frame_buffer::plaintext() const {
  bytes out;
  for (std::size_t done = 0; done < size_; done += chunk_max) {
    const std::size_t part = std::min(chunk_max, size_ - done);
    tp::append(out, bytes_view(buffer_).subspan(place(done), part));
  }
  return out;
}

}  // namespace tp::p2p
