// The client's side of a sealed call (E2EE section 6): seal a request, open its response.
// One request_sealer makes one envelope and one response_opener; a retry is a new sealer, never the same one
// again. Owned by the call; one thread. Pieces are Binary HTTP, opaque here. The relay must not link this.
#pragma once

#include <optional>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "crypto/hpke.hpp"
#include "e2ee/envelope.hpp"
#include "e2ee/wire.hpp"

namespace tp::e2ee {

// push any slices, then end() only when the HTTP body ended properly. An answer is complete only when end()
// succeeded.
class response_opener {
 public:
  // message_too_large, chunk_too_short, chunk_too_large, too_many_chunks, decrypt_failed. The first failure
  // ends it: nothing more is handed out and later calls return the same failure.
  result<void> push(bytes_view slice, const piece_sink& sink);
  // truncated (as is, for its owner, a connection that broke before), decrypt_failed.
  result<void> end(const piece_sink& sink);
  bool done() const noexcept { return done_; }

 private:
  friend class request_sealer;
  response_opener(form f, crypto::aead_id aead, secret_key exported, const crypto::hpke_enc& enc,
                  const message_limits& bounds);
  result<void> advance(bytes_view slice, const piece_sink& sink);
  result<void> fail(const error_code& failure);

  crypto::aead_id aead_;
  secret_key exported_;
  crypto::hpke_enc enc_;
  message_limits bounds_;
  std::size_t total_ = 0;
  bytes nonce_;
  std::optional<crypto::aead_sequence> keys_;
  chunk_opener chunks_;
  error_code failure_;
  bool done_ = false;
};

class request_sealer {
 public:
  // Takes 32 bytes from `random`. bad_enc: the node's key is a point of low order.
  static result<request_sealer> make(const key_choice& key, form f, random_source& random);

  // Appends a piece to `out` (header and enc first). Chunked form only. message_too_large.
  result<void> piece(bytes_view piece, bytes& out);
  // Appends the last piece and the end, and yields the opener for the answer. The sealer is used up.
  result<response_opener> finish(bytes_view last, bytes& out, const message_limits& answer = response_limits);

 private:
  request_sealer(form f, const suite_header& header, crypto::hpke_sender sender);
  void put_head(bytes& out);

  form form_;
  suite_header header_;
  crypto::hpke_sender sender_;
  chunk_sealer chunks_;
  bool started_ = false;
};

// A whole request at once: one final chunk where it fits 16,384 bytes.
struct sealed_request {
  bytes body;
  response_opener answer;
};
result<sealed_request> seal_request(const key_choice& key, form f, const plaintext& message,
                                    random_source& random);

}  // namespace tp::e2ee
