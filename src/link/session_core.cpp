#include "link/session_core.hpp"

#include <algorithm>
#include <cstring>

#include "async/task_scope.hpp"
#include "base/assert.hpp"
#include "base/log.hpp"

namespace tp::link {
namespace {

constexpr std::size_t input_bytes = limits::link_read_bytes + limits::noise_message_max + 2;
constexpr std::size_t data_backlog_max = limits::link_backlog_bytes_max / 2;

p2p::identify_message about(const crypto::ed25519_key& identity, const session_settings& settings) {
  p2p::identify_message message;
  message.public_key = codec::peer_id::from_public_key(identity.public_key()).key_message();
  message.protocol_version = "ipfs/0.1.0";
  message.agent_version = settings.agent;
  return message;
}

}  // namespace

session::core::core(std::unique_ptr<async::byte_stream> stream, p2p::role as,
                    const crypto::ed25519_key& identity, p2p::upgraded made, services& with,
                    session_settings settings)
    : remote(made.session.remote),
      executor(stream->executor()),
      mux(as, about(identity, settings), pending_, with.random),
      stream_(std::move(stream)),
      services_(with),
      settings_(std::move(settings)),
      sealer_(std::move(made.session.sealer)),
      opener_(std::move(made.session.opener)),
      early_(std::move(made.early)),
      input_(std::make_unique_for_overwrite<std::uint8_t[]>(input_bytes)),
      input_size_(made.rest.size()),
      writer_wake_(executor),
      delay_(executor),
      keep_alive_(executor) {
  TP_ASSERT(made.rest.size() <= limits::noise_message_max + 2 + handshake_read_bytes);
  std::ranges::copy(made.rest, input_.get());
}

session::core::~core() {
  TP_ASSERT(!running_ && "session destroyed while run() is under way");
  if (!ended) {  // never run: its streams still deserve their last call
    ended = true;
    mux.end(errc::connection_closed);
    stream_->reset();
  }
}

async::task<void> session::core::run() {
  TP_ASSERT(!running_);
  running_ = true;
  async::task_scope scope(executor);
  last_read_ = now();
  scope.spawn([](core* self) { return self->write_loop(); }, this);
  if (closing_)
    arm_close();
  else
    arm_keep_alive();
  const result<void> read = co_await read_loop();
  const errc reason = failed_ != errc::ok ? failed_ : read ? errc::ok : to_errc(read.error());
  end(reason == errc::ok ? errc::connection_closed : reason);
  stream_->reset();
  stopping_ = true;
  writer_wake_.wake();
  co_await scope.join();
  keep_alive_.cancel();
  delay_.cancel();
  running_ = false;
  services_.log.debug("link_session_ended", field("peer", remote.for_log()), field("reason", reason));
  if (reason != errc::ok) co_return reason;
  co_return async::success();
}

// Ok: the peer or we have ended the session in order.
async::task<void> session::core::read_loop() {
  cork();
  result<void> dispatched = dispatch(early_);
  bytes().swap(early_);
  if (dispatched) dispatched = on_read(0);
  flush_read();
  while (dispatched && !mux.peer_said_go_away()) {
    const bytes_span free(input_.get() + input_size_, input_bytes - input_size_);
    const auto size = co_await stream_->read_some(free);
    if (closing_ && (!size || *size == 0)) co_return async::success();
    if (!size) co_return size.error();
    if (*size == 0) co_return errc::connection_closed;
    last_read_ = now();
    cork();
    dispatched = on_read(*size);
    flush_read();
  }
  if (!dispatched) co_return dispatched.error();
  if (mux.peer_reported_error()) co_return errc::yamux_protocol;
  co_return async::success();
}

// Everything a read caused leaves in one write, now (rule 1): the mux's own answers too, of which queued()
// was never told.
void session::core::flush_read() {
  TP_ASSERT(corks_ > 0);
  --corks_;
  queued_in_cork_ = urgent_in_cork_ = false;
  flush();
}

result<void> session::core::on_read(std::size_t size) {
  input_size_ += size;
  const bytes_span input(input_.get(), input_size_);
  std::size_t done = 0;
  while (!ended) {
    const std::size_t message = p2p::noise_message_size(input.subspan(done));
    if (message == 0) break;
    const result<bytes_view> plain = opener_.open(input.subspan(done + 2, message - 2));
    if (!plain) return plain.error();
    const result<void> dispatched = dispatch(*plain);
    if (!dispatched) return dispatched;
    done += message;
  }
  if (ended) return {};  // close() from a callback
  input_size_ -= done;
  if (done > 0 && input_size_ > 0) std::memmove(input_.get(), input_.get() + done, input_size_);
  return {};
}

result<void> session::core::dispatch(bytes_view plain) {
  if (ended) return {};
  return mux.on_bytes(plain);
}

void session::core::queued(urgency how) {
  if (corks_ > 0) {
    queued_in_cork_ = true;
    if (how == urgency::now) urgent_in_cork_ = true;
    return;
  }
  if (pending_.empty()) return;
  if (backlog() > limits::link_backlog_bytes_max) {
    fail(errc::too_large);
    return;
  }
  if (how == urgency::may_wait && settings_.event_moderation.count() > 0) {
    const steady_time due = last_flush_ + settings_.event_moderation;
    if (now() < due) {
      arm_delay(due);
      return;
    }
  }
  arm_post();
}

void session::core::uncork() {
  TP_ASSERT(corks_ > 0);
  if (--corks_ > 0 || !queued_in_cork_) return;
  queued_in_cork_ = false;
  const urgency how = std::exchange(urgent_in_cork_, false) ? urgency::now : urgency::may_wait;
  const bool moderated = how == urgency::may_wait && settings_.event_moderation.count() > 0;
  if (mux.quiet() && !moderated) {
    flush();
  } else {
    queued(how);
  }
}

std::size_t session::core::room() const {
  const std::size_t size = backlog();
  return size < data_backlog_max ? data_backlog_max - size : 0;
}

void session::core::arm_post() {
  if (std::exchange(posted_, true)) return;
  asio::post(executor, [weak = std::weak_ptr(self_)] {
    const auto self = weak.lock();
    if (!self) return;
    (*self)->posted_ = false;
    (*self)->flush();
  });
}

void session::core::arm_delay(steady_time due) {
  if (std::exchange(delayed_, true)) return;
  delay_.expires_at(due);
  delay_.async_wait([weak = std::weak_ptr(self_)](const error_code&) {
    const auto self = weak.lock();
    if (!self) return;
    (*self)->delayed_ = false;
    (*self)->flush();
  });
}

void session::core::flush() {
  if (pending_.empty() && !closing_) return;
  if (backlog() > limits::link_backlog_bytes_max) {
    fail(errc::too_large);
    return;
  }
  flush_due_ = true;
  if (!writing_) writer_wake_.wake();
}

asio::awaitable<void> session::core::write_loop() {
  while (!stopping_) {
    if (!flush_due_ || pending_.empty()) {
      if (closing_ && pending_.empty()) break;
      co_await writer_wake_.wait();
      const auto state = co_await asio::this_coro::cancellation_state;
      if (async::is_cancelled(state)) co_return;
      continue;
    }
    flush_due_ = false;
    flying_.swap(pending_);
    writing_ = true;
    if (settings_.event_moderation.count() > 0) last_flush_ = now();
    const bytes_view sealed = sealer_.seal(flying_);
    const result<void> written = co_await stream_->write(sealed);
    writing_ = false;
    flying_.clear();
    if (!written) {
      fail(to_errc(written.error()));
      co_return;
    }
    after_write();
  }
  if (closing_ && !stopping_ && failed_ == errc::ok) co_await stream_->close_write();
}

// Streams that waited for room may write again.
void session::core::after_write() {
  if (!starved || ended || room() == 0) return;
  starved = false;
  cork();
  mux.relieve();
  --corks_;
  queued_in_cork_ = urgent_in_cork_ = false;
  if (!pending_.empty()) flush_due_ = true;
}

// Ends the session from the inside: the reader then leaves and run() tells the streams.
void session::core::fail(errc reason) {
  if (failed_ != errc::ok || ended) return;
  failed_ = reason;
  stream_->reset();
}

void session::core::end(errc reason) {
  if (std::exchange(ended, true)) return;
  cork();  // nothing is worth sending any more, except the go-away frame that may be queued
  mux.end(reason);
  --corks_;
}

void session::core::close(errc reason) {
  if (ended) return;
  closing_ = true;
  mux.go_away();
  end(reason);
  flush_due_ = true;
  if (!running_) return;
  arm_close();
  arm_post();
}

// What is queued may leave, and the peer may close its side, for a while.
void session::core::arm_close() {
  keep_alive_.expires_after(limits::link_close_time);
  keep_alive_.async_wait([weak = std::weak_ptr(self_)](const error_code& cancelled) {
    const auto self = weak.lock();
    if (self && !cancelled) (*self)->stream_->reset();
  });
}

void session::core::arm_keep_alive() {
  keep_alive_.expires_after(settings_.ping_interval);
  keep_alive_.async_wait([weak = std::weak_ptr(self_)](const error_code& cancelled) {
    const auto self = weak.lock();
    if (self && !cancelled) (*self)->on_keep_alive();
  });
}

void session::core::on_keep_alive() {
  if (ended || failed_ != errc::ok) return;
  if (now() - last_read_ >= settings_.silence_max) {
    fail(errc::stalled);
    return;
  }
  mux.ping();
  queued();
  arm_keep_alive();
}

}  // namespace tp::link
