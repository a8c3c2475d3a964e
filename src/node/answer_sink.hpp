// Where an answer goes: a plain HTTP exchange of the owner's, or a sealed envelope on a relay's stream. The
// api writes to this and does not know which. Used by one call's task. Every function: connection_reset,
// stalled, cancelled, message_too_large; after a failure nothing more may be written, and the peer sees a cut
// answer, never a clean end.
#pragma once

#include "async/task.hpp"
#include "base/secret.hpp"
#include "codec/http_fields.hpp"

namespace tp::node {

class answer_sink {
 public:
  virtual ~answer_sink() = default;
  // A whole answer at once.
  virtual async::task<void> whole(int status, codec::http_fields fields, plaintext body) = 0;
  // A sign, to whoever is on the way, that a whole answer is being made; nothing where none can be given.
  virtual async::task<void> sign_of_life() = 0;
  // A streamed answer: head, pieces (each one flush), end.
  virtual async::task<void> begin(int status, codec::http_fields fields) = 0;
  virtual async::task<void> piece(plaintext data) = 0;
  virtual async::task<void> end() = 0;
};

}  // namespace tp::node
