#include "e2ee/seal.hpp"

#include <algorithm>

namespace tp::e2ee {

response_opener::response_opener(form f, crypto::aead_id aead, secret_key exported,
                                 const crypto::hpke_enc& enc, const message_limits& bounds)
    : aead_(aead), exported_(std::move(exported)), enc_(enc), bounds_(bounds), chunks_(f, bounds) {}

result<void> response_opener::fail(const error_code& failure) {
  failure_ = failure;
  exported_.clear();
  keys_.reset();
  return failure;
}

result<void> response_opener::push(bytes_view slice, const piece_sink& sink) {
  if (failure_) return failure_;
  if (done_) return errc::invalid_argument;
  if (slice.size() > bounds_.message - total_) return fail(errc::message_too_large);
  total_ += slice.size();
  const result<void> advanced = advance(slice, sink);
  return advanced ? advanced : fail(advanced.error());
}

result<void> response_opener::advance(bytes_view slice, const piece_sink& sink) {
  if (!keys_) {
    const std::size_t part = std::min(slice.size(), response_nonce_bytes(aead_) - nonce_.size());
    append(nonce_, slice.first(part));
    if (nonce_.size() < response_nonce_bytes(aead_)) return {};
    keys_ = response_keys(aead_, exported_.reveal(), enc_, nonce_, crypto::aead_use::open);
    exported_.clear();
    slice = slice.subspan(part);
  }
  return chunks_.push(*keys_, slice, sink);
}

result<void> response_opener::end(const piece_sink& sink) {
  if (failure_) return failure_;
  if (done_) return errc::invalid_argument;
  if (!keys_) return fail(errc::truncated);
  const result<void> ended = chunks_.end(*keys_, sink);
  if (!ended) return fail(ended.error());
  done_ = true;
  keys_.reset();
  return {};
}

request_sealer::request_sealer(form f, const suite_header& header, crypto::hpke_sender sender)
    : form_(f), header_(header), sender_(std::move(sender)), chunks_(f, limits::request_bytes_max) {
  chunks_.count(suite_header_bytes + enc_bytes);
}

result<request_sealer> request_sealer::make(const key_choice& key, form f, random_source& random) {
  suite_header header;
  header.key_id = key.key_id;
  header.aead = static_cast<std::uint16_t>(key.aead);
  result<crypto::hpke_sender> sender =
      crypto::hpke_sender::make(key.public_key, key.aead, request_info(f, header), random);
  if (!sender) return sender.error();
  return request_sealer(f, header, std::move(*sender));
}

void request_sealer::put_head(bytes& out) {
  if (started_) return;
  started_ = true;
  append(out, write_suite_header(header_));
  append(out, sender_.enc());
}

result<void> request_sealer::piece(bytes_view piece, bytes& out) {
  put_head(out);
  return chunks_.piece(sender_.sequence(), piece, out);
}

result<response_opener> request_sealer::finish(bytes_view last, bytes& out, const message_limits& answer) {
  put_head(out);
  const result<void> sealed = chunks_.finish(sender_.sequence(), last, out);
  if (!sealed) return sealed.error();
  const auto aead = static_cast<crypto::aead_id>(header_.aead);
  secret_key exported = sender_.export_secret(as_bytes(response_label(form_)), response_nonce_bytes(aead));
  return response_opener(form_, aead, std::move(exported), sender_.enc(), answer);
}

result<sealed_request> seal_request(const key_choice& key, form f, const plaintext& message,
                                    random_source& random) {
  result<request_sealer> sealer = request_sealer::make(key, f, random);
  if (!sealer) return sealer.error();
  bytes body;
  body.reserve(message.size() + message.size() / 256 + 128);
  result<response_opener> answer = sealer->finish(message.reveal(), body);
  if (!answer) return answer.error();
  return sealed_request{std::move(body), std::move(*answer)};
}

}  // namespace tp::e2ee
