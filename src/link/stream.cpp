#include "link/stream.hpp"

#include <algorithm>

namespace tp::link {
namespace {

constexpr std::size_t keep_bytes = 16'384;  // an idle stream keeps no more memory than this

}  // namespace

stream::stream(session& of, std::uint32_t id)
    : session_(of.weak()), executor_(of.executor()), id_(id), readable_(executor_), writable_(executor_) {}

stream::stream(session& of, std::string protocol)
    : session_(of.weak()),
      executor_(of.executor()),
      protocol_(std::move(protocol)),
      readable_(executor_),
      writable_(executor_) {}

stream::~stream() { reset(); }

session* stream::owner() const {
  const auto held = session_.lock();
  return held ? *held : nullptr;
}

// Opens the stream with the bytes, if that has not happened yet, or writes them. The answer is how many were
// taken.
result<std::size_t> stream::send(bytes_view data, fin end) {
  session* to = owner();
  if (failed_ != errc::ok) return failed_;
  if (to == nullptr) return errc::connection_reset;
  if (!protocol_.empty()) {
    const bytes_view first = data.first(std::min(data.size(), session::open_bytes_max));
    const auto opened = to->open(protocol_, first, {}, end, *this);
    if (!opened) {
      failed_ = to_errc(opened.error());
      return failed_;
    }
    protocol_.clear();
    id_ = *opened;
    return first.size();
  }
  const std::size_t taken = data.empty() ? 0 : to->write(id_, data);
  if (end == fin::yes) to->finish(id_);
  return taken;
}

async::task<std::size_t> stream::read_some(bytes_span out) {
  if (!protocol_.empty()) {
    const auto opened = send({}, fin::no);
    if (!opened) co_return opened.error();
  }
  while (read_ == received_.size()) {
    if (failed_ != errc::ok) co_return failed_;
    if (fin_received_) co_return std::size_t{0};
    const result<void> waited = co_await readable_.wait();
    if (!waited) co_return waited.error();
  }
  const std::size_t size = std::min(out.size(), received_.size() - read_);
  std::copy_n(received_.begin() + static_cast<std::ptrdiff_t>(read_), size, out.begin());
  read_ += size;
  if (read_ == received_.size()) {
    read_ = 0;
    received_.clear();
    if (received_.capacity() > keep_bytes) bytes().swap(received_);
  }
  session* from = owner();
  if (from != nullptr && id_ != 0) from->consumed(id_, size);
  co_return size;
}

async::task<void> stream::write(bytes_view data) {
  while (!data.empty()) {
    if (fin_sent_) co_return errc::connection_closed;
    const auto taken = send(data, fin::no);
    if (!taken) co_return taken.error();
    data = data.subspan(*taken);
    if (*taken > 0) continue;  // only a write that took nothing asks to be told
    const result<void> waited = co_await writable_.wait();
    if (!waited) co_return waited.error();
  }
  co_return async::success();
}

async::task<void> stream::close_write() {
  if (fin_sent_) co_return async::success();
  const auto sent = send({}, fin::yes);
  if (!sent) co_return sent.error();
  fin_sent_ = true;
  if (fin_received_) id_ = 0;
  co_return async::success();
}

void stream::reset() noexcept {
  session* of = owner();
  if (of != nullptr && id_ != 0 && failed_ == errc::ok) of->reset(id_);
  over(errc::connection_reset);
  bytes().swap(received_);  // later reads fail, whatever had come
  read_ = 0;
}

void stream::over(errc reason) {
  id_ = 0;
  protocol_.clear();
  if (failed_ == errc::ok) failed_ = reason;
  readable_.notify();
  writable_.notify();
}

void stream::on_peer_gone(std::function<void()> gone) { gone_ = std::move(gone); }

asio::any_io_executor stream::executor() { return executor_; }

void stream::on_data(bytes_view piece) {
  if (read_ > 0 && read_ >= received_.size() / 2) {
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(read_));
    read_ = 0;
  }
  append(received_, piece);
  readable_.notify();
}

void stream::on_fin() {
  fin_received_ = true;
  if (fin_sent_) id_ = 0;
  readable_.notify();
}

void stream::on_reset(errc reason) {
  over(reason);
  const auto gone = std::exchange(gone_, {});
  if (gone) gone();
}

void stream::on_writable() { writable_.notify(); }

async::task<std::unique_ptr<async::byte_stream>> open_http(session& of) {
  if (of.ended()) co_return errc::connection_closed;
  co_return std::unique_ptr<async::byte_stream>(std::make_unique<stream>(of, std::string(http_protocol)));
}

}  // namespace tp::link
