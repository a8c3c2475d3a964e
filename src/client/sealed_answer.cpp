#include "client/sealed_answer.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"

namespace tp::client {

sealed_answer::sealed_answer(codec::peer_id node, std::unique_ptr<net::http_response> response,
                             e2ee::response_opener opener)
    : node_(node),
      response_(std::move(response)),
      opener_(std::move(opener)),
      buffer_(limits::client_read_bytes) {}

sealed_answer::sealed_answer(codec::peer_id node, int status, codec::http_fields fields, plaintext body)
    : node_(node), pending_(std::move(body)), complete_(true), clear_(true) {
  clear_head_.status = status;
  clear_head_.fields = std::move(fields);
}

int sealed_answer::status() const {
  if (clear_) return clear_head_.status;
  TP_ASSERT(decoder_.head() != nullptr);
  return decoder_.head()->status;
}

const codec::http_fields& sealed_answer::fields() const {
  if (clear_) return clear_head_.fields;
  TP_ASSERT(decoder_.head() != nullptr);
  return decoder_.head()->fields;
}

task<void> sealed_answer::read_head() {
  while (decoder_.head() == nullptr) {
    if (complete_) co_return errc::truncated;
    const result<void> pumped = co_await pump();
    if (pumped.has_error()) co_return pumped.error();
  }
  co_return async::success();
}

task<plaintext> sealed_answer::read() {
  while (pending_.empty() && !complete_) {
    const result<void> pumped = co_await pump();
    if (pumped.has_error()) co_return pumped.error();
  }
  plaintext piece = std::move(pending_);
  pending_.clear();
  co_return std::move(piece);
}

task<plaintext> sealed_answer::read_all(std::size_t bytes_max) {
  plaintext whole;
  for (;;) {
    const result<plaintext> piece = co_await read();
    if (piece.has_error()) co_return piece.error();
    if (piece->empty()) co_return std::move(whole);
    if (piece->size() > bytes_max - whole.size()) {
      abort();
      co_return errc::too_large;
    }
    whole.append(piece->reveal());
  }
}

void sealed_answer::abort() noexcept {
  if (response_ != nullptr) response_->abort();
  if (!complete_ && failure_ == errc::ok) failure_ = errc::cancelled;
}

// One read from the relay, opened.
task<void> sealed_answer::pump() {
  if (failure_ != errc::ok) co_return failure_;
  const result<std::size_t> size = co_await response_->read_some(buffer_);
  if (size.has_error()) {
    const errc why = to_errc(size.error());
    // A connection that ends without its proper end is truncation, whoever caused it (E2EE section 6).
    const bool keeps_name = why == errc::cancelled || why == errc::deadline_exceeded || why == errc::stalled;
    if (failure_ == errc::ok) failure_ = keeps_name ? why : errc::truncated;
    co_return failure_;
  }
  const result<void> taken = *size == 0 ? take_end() : take(bytes_view(buffer_).first(*size));
  if (taken.has_error()) {
    failure_ = to_errc(taken.error());
    response_->abort();
    co_return failure_;
  }
  co_return async::success();
}

result<void> sealed_answer::take(bytes_view slice) {
  result<void> inner;
  const auto on_content = [this](bytes_view content) { pending_.append(content); };
  const auto on_piece = [&](bytes_view piece) {
    if (inner.has_value()) inner = decoder_.push(piece, on_content);
  };
  const result<void> opened = opener_->push(slice, on_piece);
  return opened.has_error() ? opened : inner;
}

result<void> sealed_answer::take_end() {
  result<void> inner;
  const auto on_content = [this](bytes_view content) { pending_.append(content); };
  const auto on_piece = [&](bytes_view piece) {
    if (inner.has_value()) inner = decoder_.push(piece, on_content);
  };
  const result<void> opened = opener_->end(on_piece);
  if (opened.has_error()) return opened;
  if (inner.has_error()) return inner;
  const result<void> finished = decoder_.finish();
  if (finished.has_error()) return finished;
  complete_ = true;
  return {};
}

}  // namespace tp::client
