// The answer to a sealed call, opened as it comes (E2EE section 10.3). An answer of the node is authentic
// piece by piece and complete only when read() gave an empty piece without an error; an answer of the relay
// (origin relay) is in the clear and nobody's word but the relay's. Made by sealed_client, owned by whoever
// reads it; event loop thread. Destroying or abort()ing it early closes the connection, which makes the node
// stop.
#pragma once

#include <memory>
#include <string>

#include "async/task.hpp"
#include "base/secret.hpp"
#include "codec/bhttp.hpp"
#include "codec/peer_id.hpp"
#include "e2ee/seal.hpp"
#include "net/http_client.hpp"

namespace tp::client {

using async::task;

enum class answer_origin { node, relay };

class sealed_answer {
 public:
  // For sealed_client: an answer whose HTTP head was good, before anything is opened.
  sealed_answer(codec::peer_id node, std::unique_ptr<net::http_response> response,
                e2ee::response_opener opener);
  // A refusal in the clear.
  sealed_answer(codec::peer_id node, int status, codec::http_fields fields, plaintext body);
  sealed_answer(const sealed_answer&) = delete;
  sealed_answer& operator=(const sealed_answer&) = delete;

  answer_origin origin() const {
    return response_ == nullptr && clear_ ? answer_origin::relay : answer_origin::node;
  }
  const codec::peer_id& node() const { return node_; }
  int status() const;
  const codec::http_fields& fields() const;  // names in lower case

  // The content that came next; empty = all of it came and the end is authentic. Errors: truncated (a broken
  // connection is one too), decrypt_failed and the other failures of an envelope, deadline_exceeded,
  // cancelled. After an error what was read before stays partial.
  task<plaintext> read();
  // The rest, complete. too_large above bytes_max.
  task<plaintext> read_all(std::size_t bytes_max);
  void abort() noexcept;

  // For sealed_client: reads until status and fields are there.
  task<void> read_head();
  // Puts content back in front, to be read again.
  void put_back(plaintext content) { pending_ = std::move(content); }

 private:
  task<void> pump();
  result<void> take(bytes_view slice);
  result<void> take_end();

  codec::peer_id node_;
  std::unique_ptr<net::http_response> response_;
  std::optional<e2ee::response_opener> opener_;
  codec::bhttp_response_decoder decoder_;
  bytes buffer_;       // ciphertext as read
  plaintext pending_;  // opened, not handed out
  bool complete_ = false;
  errc failure_ = errc::ok;
  bool clear_ = false;
  codec::bhttp_response clear_head_;
};

}  // namespace tp::client
