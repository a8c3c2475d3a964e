#include "engine/http_answer.hpp"

#include <utility>

#include "base/limits.hpp"
#include "engine/http_backend.hpp"

namespace tp::engine {

http_answer::http_answer(std::unique_ptr<net::http_response> from, std::chrono::nanoseconds silence_time,
                         std::shared_ptr<call_list> calls)
    : from_(std::move(from)),
      silence_time_(silence_time),
      calls_(std::move(calls)),
      status_(from_->status()),
      content_type_(from_->fields().find("Content-Type").value_or("application/json")),
      is_event_stream_(content_type_.starts_with("text/event-stream")),
      piece_(limits::engine_read_bytes) {
  calls_->add(*this);
}

http_answer::~http_answer() {
  calls_->remove(*this);
  wipe(piece_.data(), piece_.size());
}

void http_answer::abort() noexcept {
  aborted_ = true;
  from_->abort();
}

errc http_answer::failure(const error_code& why) {
  if (aborted_) return errc::cancelled;
  const errc out = call_failure(why);
  // Whatever broke, the engine must not go on working on it.
  from_->abort();
  return out == errc::engine_unavailable ? errc::engine_failed : out;
}

async::task<std::size_t> http_answer::read_piece() {
  if (aborted_) co_return errc::cancelled;
  const auto executor = co_await boost::asio::this_coro::executor;
  async::deadline_guard silence(executor, async::deadline::after(silence_time_), [this] { from_->abort(); });
  const result<std::size_t> got = co_await from_->read_some(piece_);
  if (got.has_error() && silence.expired() && !aborted_) co_return errc::engine_failed;
  if (got.has_error()) co_return failure(got.error());
  total_bytes_ += *got;
  if (total_bytes_ > limits::engine_answer_bytes_max) co_return failure(make_error_code(errc::too_large));
  co_return *got;
}

async::task<plaintext> http_answer::read() {
  while (!ended_) {
    const result<std::size_t> got = co_await read_piece();
    if (!got) co_return got.error();
    const bytes_view piece = bytes_view(piece_).first(*got);
    ended_ = piece.empty();
    if (!is_event_stream_) co_return plaintext(piece);
    const result<void> pushed = cutter_.push(piece);
    if (!pushed) co_return failure(pushed.error());
    plaintext events = ended_ ? cutter_.take_rest() : cutter_.take();
    if (!events.empty()) co_return events;
  }
  co_return plaintext();
}

}  // namespace tp::engine
