// The first token.place's hybrid envelope: an AES-256 key, wrapped by RSA as the 44 characters of its base64,
// and the content in CBC (PKCS#7) or GCM. Node and client; the relay must not link this. Functions are pure,
// any thread; opening costs one RSA private operation, 0.3 to 1 ms at 2,048 bits and ten times that at 4,096
// (bench/envelope_v1_bench): on a worker.
//
// Not an oracle: an envelope of any shape gets one private operation, both paddings read, one decipherment of
// its whole content and one look at the result, with a made-up key where the wrapped one is no good; every
// failure is decrypt_failed. A CBC envelope proves nothing about its author, and who may send changed copies
// learns from every success. So the look (is it JSON, or text?) happens in here, and callers answer content
// they do not like (no messages, wrong types) in the same words and status as decrypt_failed.
#pragma once

#include <optional>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "crypto/rsa.hpp"
#include "e2ee/envelope_v1_text.hpp"

namespace tp::e2ee {

// What an authentic content has to be. text: UTF-8.
enum class v1_content { json, text };

struct v1_opened {
  plaintext content;
  crypto::rsa_padding padding;  // answer with the same: a JSEncrypt client cannot read OAEP
  v1_mode mode;                 // the same
};

// decrypt_failed, whatever it was.
result<v1_opened> open_v1(const v1_envelope& envelope, const crypto::rsa_key& key, v1_content content);

struct v1_sealing {
  crypto::rsa_padding padding = crypto::rsa_padding::oaep;
  v1_mode mode = v1_mode::cbc;
  bytes_view associated_data = {};  // GCM only (asserted), at most v1_associated_data_max
};
// message_too_large: above v1_answer_bytes_max, padding included. too_large: associated data.
result<v1_envelope> seal_v1(const plaintext& content, const crypto::rsa_public_key& key,
                            const v1_sealing& sealing, random_source& random);

// Streams of API v2: one AES key for the answer, wrapped in the first chunk only, and a fresh IV for each.
// Chunks are neither numbered nor ended: order and completeness are the transport's and the payload's
// (finish_reason, [DONE]). One owner, one thread.
class v1_stream_sealer {
 public:
  // Draws the key. too_large; `random` has to outlive it.
  static result<v1_stream_sealer> make(const crypto::rsa_public_key& key, const v1_sealing& sealing,
                                       random_source& random);
  // message_too_large; too_many_chunks.
  result<v1_envelope> chunk(const plaintext& content);

 private:
  v1_stream_sealer(secret_key key, bytes cipherkey, const v1_sealing& sealing, random_source& random);

  secret_key key_;
  bytes cipherkey_;  // empty once it was sent
  v1_mode mode_;
  bytes associated_data_;
  random_source* random_;
  std::size_t chunks_ = 0;
};

class v1_stream_opener {
 public:
  // `key` has to outlive it.
  v1_stream_opener(const crypto::rsa_key& key, v1_content content) : key_(key), content_(content) {}
  // The first chunk costs what open_v1 costs, later ones no RSA. decrypt_failed: also a second cipherkey,
  // another mode or other associated data than the first chunk's; the first failure ends the stream.
  // too_many_chunks.
  result<plaintext> open(const v1_envelope& chunk);

 private:
  result<plaintext> open_next(const v1_envelope& chunk);

  const crypto::rsa_key& key_;
  v1_content content_;
  secret_key session_;
  v1_mode mode_ = v1_mode::cbc;
  bytes associated_data_;
  std::size_t chunks_ = 0;
  bool failed_ = false;
};

}  // namespace tp::e2ee
