#include "e2ee/open.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace tp::e2ee {

response_sealer::response_sealer(form f, crypto::aead_sequence keys, bytes nonce)
    : form_(f), keys_(std::move(keys)), nonce_(std::move(nonce)), chunks_(f, limits::response_bytes_max) {
  chunks_.count(nonce_.size());
}

void response_sealer::put_nonce(bytes& out) {
  if (started_) return;
  started_ = true;
  append(out, nonce_);
}

result<void> response_sealer::piece(bytes_view piece, bytes& out) {
  put_nonce(out);
  return chunks_.piece(keys_, piece, out);
}

result<void> response_sealer::finish(bytes_view last, bytes& out) {
  put_nonce(out);
  return chunks_.finish(keys_, last, out);
}

request_opener::request_opener(key_ring& ring, form f, const message_limits& bounds)
    : ring_(ring), form_(f), bounds_(bounds), chunks_(f, bounds) {}

result<void> request_opener::fail(const error_code& failure) {
  failure_ = failure;
  state_ = state::failed;
  receiver_.reset();
  key_.reset();
  return failure;
}

result<void> request_opener::push(bytes_view slice, const piece_sink& sink) {
  if (state_ == state::failed) return failure_;
  if (state_ == state::done) return errc::invalid_argument;
  if (slice.size() > bounds_.message - total_) return fail(errc::message_too_large);
  total_ += slice.size();
  const result<void> advanced = advance(slice, sink);
  return advanced ? advanced : fail(advanced.error());
}

result<void> request_opener::advance(bytes_view slice, const piece_sink& sink) {
  while (state_ != state::chunks) {
    const std::size_t wanted = state_ == state::head ? suite_header_bytes : enc_bytes;
    const std::size_t part = std::min(slice.size(), wanted - collected_.size());
    append(collected_, slice.first(part));
    slice = slice.subspan(part);
    if (collected_.size() < wanted) return {};
    const result<void> accepted = state_ == state::head ? on_head() : on_enc();
    if (!accepted) return accepted;
    collected_.clear();
  }
  return chunks_.push(receiver_->sequence(), slice, sink);
}

result<void> request_opener::on_head() {
  header_ = read_suite_header(bytes_view(collected_).first<suite_header_bytes>());
  key_ = ring_.find(header_.key_id);
  if (key_ == nullptr) return errc::unknown_key;
  const auto offered = [this](crypto::aead_id id) { return static_cast<std::uint16_t>(id) == header_.aead; };
  if (header_.kem != kem_x25519 || header_.kdf != kdf_hkdf_sha256) return errc::suite_not_allowed;
  if (std::ranges::none_of(key_->config.aeads, offered)) return errc::suite_not_allowed;
  state_ = state::enc;
  return {};
}

result<void> request_opener::on_enc() {
  std::ranges::copy(collected_, enc_.begin());
  if (key_->spent.contains(enc_)) return errc::replayed;   // before the costly work
  if (key_->key.secret.empty()) return errc::unknown_key;  // destroyed since the header came
  result<crypto::hpke_receiver> receiver = crypto::hpke_receiver::make(
      key_->key, enc_, static_cast<crypto::aead_id>(header_.aead), request_info(form_, header_));
  if (!receiver) return receiver.error();
  receiver_.emplace(std::move(*receiver));
  state_ = state::chunks;
  return {};
}

result<void> request_opener::end(const piece_sink& sink) {
  if (state_ == state::failed) return failure_;
  if (state_ == state::done) return errc::invalid_argument;
  if (state_ != state::chunks) return fail(errc::truncated);
  const result<void> ended = chunks_.end(receiver_->sequence(), sink);
  if (!ended) return fail(ended.error());
  // Spent only now that all of it is authentic: a forgery cannot burn a request, and of two copies one gets
  // through.
  const result<void> spent = key_->spent.insert(enc_);
  if (!spent) return fail(spent.error());
  state_ = state::done;
  return {};
}

response_sealer request_opener::respond(random_source& random) {
  TP_ASSERT(state_ == state::done);
  const auto aead = static_cast<crypto::aead_id>(header_.aead);
  const std::size_t size = response_nonce_bytes(aead);
  const secret_key exported = receiver_->export_secret(as_bytes(response_label(form_)), size);
  bytes nonce(size);
  random.fill(nonce);
  crypto::aead_sequence keys = response_keys(aead, exported.reveal(), enc_, nonce, crypto::aead_use::seal);
  return response_sealer(form_, std::move(keys), std::move(nonce));
}

result<void> request_opener::note_date(unix_seconds date) {
  TP_ASSERT(state_ == state::done);
  return key_->spent.note_date(enc_, date);
}

sealed_request_reader::sealed_request_reader(key_ring& ring, form f, const message_limits& bounds)
    : opener_(ring, f, bounds) {}

// A failure in here is only remembered: it is answered sealed if the envelope proves authentic, and not at
// all if not.
void sealed_request_reader::decode(bytes_view piece) {
  if (inner_failure_) return;
  const result<void> taken = decoder_.push(piece);
  if (!taken) inner_failure_ = taken.error();
}

result<void> sealed_request_reader::push(bytes_view slice) {
  const piece_sink sink = [this](bytes_view piece) { decode(piece); };
  return opener_.push(slice, sink);
}

result<sealed_call> sealed_request_reader::end(const request_policy& policy, random_source& random) {
  const piece_sink sink = [this](bytes_view piece) { decode(piece); };
  const result<void> ended = opener_.end(sink);
  if (!ended) return ended.error();
  response_sealer answer = opener_.respond(random);
  return sealed_call{std::move(answer), judge(policy)};
}

result<codec::bhttp_request> sealed_request_reader::judge(const request_policy& policy) {
  if (inner_failure_) return inner_failure_;
  result<codec::bhttp_request> request = decoder_.finish();
  if (!request) return request;
  const result<unix_seconds> date = check_addressee_and_date(*request, policy);
  if (!date) return date.error();
  const result<void> fresh = opener_.note_date(*date);
  if (!fresh) return fresh.error();
  const result<void> routed = check_route(*request, policy);
  if (!routed) return routed.error();
  return request;
}

}  // namespace tp::e2ee
