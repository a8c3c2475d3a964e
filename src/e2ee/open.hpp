// The node's side of a sealed call (E2EE sections 6, 7 and 9): open a request as it comes, then seal the
// answer. sealed_request_reader is what a node uses: it joins the opener, the Binary HTTP decoder and the
// checks, in the order the specification demands. Each object belongs to one call; one thread. The key_ring
// must live longer. No work may start before end() succeeded: a request cut short must cost nothing.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/random.hpp"
#include "codec/bhttp.hpp"
#include "codec/peer_id.hpp"
#include "e2ee/envelope.hpp"
#include "e2ee/key_ring.hpp"

namespace tp::e2ee {

// Appends sealed bytes to a buffer of the caller's; write that buffer at once, one write a flush.
class response_sealer {
 public:
  form envelope_form() const noexcept { return form_; }
  std::string_view media_type() const { return response_media_type(form_); }
  // A piece of the Binary HTTP answer, one chunk per 16,384 bytes; the first call writes rnonce before it.
  // Chunked form only. message_too_large: the answer has reached 64 MiB; nothing of the piece is written.
  result<void> piece(bytes_view piece, bytes& out);
  // The last piece (may be empty) and the end; in the whole form, the whole answer.
  result<void> finish(bytes_view last, bytes& out);

 private:
  friend class request_opener;
  response_sealer(form f, crypto::aead_sequence keys, bytes nonce);
  void put_nonce(bytes& out);

  form form_;
  crypto::aead_sequence keys_;
  bytes nonce_;
  chunk_sealer chunks_;
  bool started_ = false;
};

// The envelope alone. push any slices, then end() only when the HTTP body ended properly.
class request_opener {
 public:
  request_opener(key_ring& ring, form f, const message_limits& bounds = request_limits);

  // Pieces are authentic, but the message is not until end(). message_too_large, unknown_key,
  // suite_not_allowed, replayed, bad_enc, chunk_*, too_many_chunks, decrypt_failed. The first failure ends
  // it; later calls repeat it.
  result<void> push(bytes_view slice, const piece_sink& sink);
  // truncated, decrypt_failed, replayed (a copy was quicker), unknown_key (the key's set is full). Spends the
  // enc.
  result<void> end(const piece_sink& sink);

  // After a good end(): takes max(Nn, Nk) bytes from `random`.
  response_sealer respond(random_source& random);
  // After a good end(): the date of the request, once it was found in the window. date_out_of_window as in
  // spent_set.
  result<void> note_date(unix_seconds date);

 private:
  enum class state { head, enc, chunks, done, failed };
  result<void> advance(bytes_view slice, const piece_sink& sink);
  result<void> on_head();
  result<void> on_enc();
  result<void> fail(const error_code& failure);

  key_ring& ring_;
  form form_;
  message_limits bounds_;
  state state_ = state::head;
  error_code failure_;
  std::size_t total_ = 0;
  bytes collected_;  // header, then enc
  suite_header header_;
  crypto::hpke_enc enc_{};
  std::shared_ptr<ring_key> key_;
  std::optional<crypto::hpke_receiver> receiver_;
  chunk_opener chunks_;
};

struct route {
  std::string_view method;
  // Without a query; compared byte by byte. One that ends with '/' stands for all longer paths that begin so.
  std::string_view path;
};

struct request_policy {
  codec::peer_id self;
  unix_seconds now = 0;
  std::span<const route> routes;
};

// E2EE section 7, "Request", in its order. First misdirected, date_invalid, date_out_of_window; yields the
// date.
result<unix_seconds> check_addressee_and_date(const codec::bhttp_request& request,
                                              const request_policy& policy);
// Then expectation_failed, not_found, method_not_allowed.
result<void> check_route(const codec::bhttp_request& request, const request_policy& policy);
// Both.
result<void> check_sealed_request(const codec::bhttp_request& request, const request_policy& policy);

// An authentic request. If `request` holds an error, it is answered sealed.
struct sealed_call {
  response_sealer answer;
  result<codec::bhttp_request> request;
};

class sealed_request_reader {
 public:
  sealed_request_reader(key_ring& ring, form f, const message_limits& bounds = request_limits);

  // An error here and from end() is answered in the clear. Binary HTTP failures are remembered, not returned.
  result<void> push(bytes_view slice);
  // Yields only authentic, unspent requests; see request_opener::end.
  result<sealed_call> end(const request_policy& policy, random_source& random);

 private:
  void decode(bytes_view piece);
  result<codec::bhttp_request> judge(const request_policy& policy);

  request_opener opener_;
  codec::bhttp_request_decoder decoder_;
  error_code inner_failure_;
};

}  // namespace tp::e2ee
