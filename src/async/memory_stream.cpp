#include "async/memory_stream.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "async/event.hpp"
#include "base/random.hpp"

namespace tp::async {

// One direction: what was written waits in `in_flight`, what may be read in `arrived`.
struct memory_pipe {
  memory_pipe(const asio::any_io_executor& loop, const memory_stream_settings& with)
      : executor(loop), settings(with), splits(with.split_seed.value_or(0)), readable(loop), writable(loop) {}

  std::size_t used() const { return in_flight.size() + arrived.size(); }

  std::size_t deliver(std::size_t wanted) {
    std::size_t count = std::min(wanted, in_flight.size());
    if (settings.stall_after) {
      count = static_cast<std::size_t>(std::min<std::uint64_t>(count, *settings.stall_after - delivered));
    }
    if (stalled) count = 0;
    const auto last = in_flight.begin() + static_cast<std::ptrdiff_t>(count);
    arrived.insert(arrived.end(), in_flight.begin(), last);
    in_flight.erase(in_flight.begin(), last);
    delivered += count;
    if (in_flight.empty() && end_written && !stalled) end_arrived = true;
    readable.notify();
    return count;
  }

  // The reader still gets what has arrived; see drop() for a reset.
  void cut() {
    broken = true;
    readable.notify();
    writable.notify();
  }

  void drop() {
    arrived.clear();
    in_flight.clear();
    end_arrived = false;
    cut();
  }

  asio::any_io_executor executor;
  memory_stream_settings settings;
  seeded_random splits;
  bytes in_flight;
  bytes arrived;
  std::uint64_t written = 0;
  std::uint64_t delivered = 0;
  bool end_written = false;
  bool end_arrived = false;
  bool stalled = false;
  bool broken = false;
  std::function<void()> reader_told;  // the reading end's on_peer_gone
  event readable;
  event writable;
};

namespace {

void tell_reader(const std::shared_ptr<memory_pipe>& pipe) {
  asio::post(pipe->executor, [pipe] {
    const auto callback = std::exchange(pipe->reader_told, nullptr);
    if (callback) callback();
  });
}

}  // namespace

memory_stream::memory_stream(asio::any_io_executor executor, std::shared_ptr<memory_pipe> in,
                             std::shared_ptr<memory_pipe> out)
    : executor_(std::move(executor)), in_(std::move(in)), out_(std::move(out)) {}

memory_stream::~memory_stream() {
  in_->reader_told = nullptr;
  if (!out_->end_written) {
    reset();
    return;
  }
  in_->drop();
  tell_reader(out_);
}

task<std::size_t> memory_stream::read_some(bytes_span into) {
  const auto state = co_await asio::this_coro::cancellation_state;
  const auto pipe = in_;
  while (pipe->arrived.empty()) {
    if (is_cancelled(state)) co_return errc::cancelled;
    if (pipe->end_arrived) co_return std::size_t{0};
    if (pipe->broken) co_return errc::connection_reset;
    const result<void> woken = co_await pipe->readable.wait();
    if (woken.has_error()) co_return woken.error();
  }
  if (is_cancelled(state)) co_return errc::cancelled;
  std::size_t count = std::min(into.size(), pipe->arrived.size());
  if (pipe->settings.split_seed && pipe->splits.below(4) != 0) {
    count = std::min(count, static_cast<std::size_t>(1 + pipe->splits.below(16)));
  }
  std::copy_n(pipe->arrived.begin(), count, into.begin());
  pipe->arrived.erase(pipe->arrived.begin(), pipe->arrived.begin() + static_cast<std::ptrdiff_t>(count));
  pipe->writable.notify();
  co_return count;
}

task<void> memory_stream::write(bytes_view data) {
  const auto state = co_await asio::this_coro::cancellation_state;
  const auto pipe = out_;
  const auto back = in_;
  while (!data.empty()) {
    if (is_cancelled(state)) co_return errc::cancelled;
    if (pipe->broken || pipe->end_written) co_return errc::connection_reset;
    std::size_t count = std::min(data.size(), pipe->settings.capacity_bytes - pipe->used());
    if (pipe->settings.cut_after) {
      count =
          static_cast<std::size_t>(std::min<std::uint64_t>(count, *pipe->settings.cut_after - pipe->written));
    }
    append(pipe->in_flight, data.first(count));
    pipe->written += count;
    data = data.subspan(count);
    if (pipe->settings.mode == delivery::immediate) pipe->deliver(SIZE_MAX);
    if (pipe->settings.cut_after && pipe->written == *pipe->settings.cut_after) {
      pipe->cut();
      back->cut();
      tell_reader(pipe);
      tell_reader(back);
      co_return errc::connection_reset;
    }
    if (data.empty()) break;
    const result<void> woken = co_await pipe->writable.wait();
    if (woken.has_error()) co_return woken.error();
  }
  co_return success();
}

task<void> memory_stream::close_write() {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (is_cancelled(state)) co_return errc::cancelled;
  if (out_->broken) co_return errc::connection_reset;
  out_->end_written = true;
  if (out_->settings.mode == delivery::immediate) out_->deliver(SIZE_MAX);
  co_return success();
}

void memory_stream::reset() noexcept {
  if (in_->broken && out_->broken) return;
  in_->drop();
  out_->drop();
  tell_reader(out_);
}

void memory_stream::on_peer_gone(std::function<void()> callback) {
  in_->reader_told = std::move(callback);
  if (in_->reader_told && in_->broken) tell_reader(in_);
}

std::size_t memory_stream::pump(std::size_t bytes) { return out_->deliver(bytes); }

void memory_stream::stall() { out_->stalled = true; }

std::uint64_t memory_stream::written() const { return out_->written; }

memory_stream_pair make_memory_streams(const asio::any_io_executor& executor,
                                       const memory_stream_settings& first_writes,
                                       const memory_stream_settings& second_writes) {
  auto there = std::make_shared<memory_pipe>(executor, first_writes);
  auto back = std::make_shared<memory_pipe>(executor, second_writes);
  return {std::make_unique<memory_stream>(executor, back, there),
          std::make_unique<memory_stream>(executor, there, back)};
}

}  // namespace tp::async
