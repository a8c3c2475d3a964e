// What became of a body fed in slices; the fuzz targets of both openers compare two slicings.
#pragma once

#include <algorithm>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "e2ee/envelope.hpp"

namespace tp::fuzz {

struct outcome {
  error_code failure;
  bytes opened;
  bool operator==(const outcome&) const = default;
};

template <class Opener>
outcome feed(Opener& opener, bytes_view body, std::size_t slice_bytes) {
  outcome out;
  const e2ee::piece_sink sink = [&out](bytes_view piece) { append(out.opened, piece); };
  while (!body.empty()) {
    const std::size_t size = std::min(body.size(), slice_bytes);
    const result<void> pushed = opener.push(body.first(size), sink);
    if (!pushed) {
      out.failure = pushed.error();
      return out;
    }
    body = body.subspan(size);
  }
  const result<void> ended = opener.end(sink);
  if (!ended) out.failure = ended.error();
  return out;
}

}  // namespace tp::fuzz
