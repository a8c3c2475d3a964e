// Cuts a stream of server-sent events behind whole events, without reading them.
// Pure; one per answer. Refuses an event longer than limits::sse_event_bytes_max.
#pragma once

#include <cstddef>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace tp::engine {

class event_cutter {
 public:
  // Takes any slice of the stream. Fails with too_large.
  result<void> push(bytes_view piece);
  // Everything up to the end of the last whole event; empty when none is whole.
  plaintext take();
  // What is left at the end of the stream, whole or not.
  plaintext take_rest();

 private:
  plaintext held_;
  std::size_t whole_ = 0;  // bytes of held_ that are whole events
};

}  // namespace tp::engine
