// A byte_stream that first gives back bytes which were read to find out what is spoken on it.
// Owned like the stream it wraps.
#pragma once

#include <algorithm>
#include <memory>

#include "async/byte_stream.hpp"

namespace tp::relay {

class prefixed_stream final : public async::byte_stream {
 public:
  prefixed_stream(std::unique_ptr<async::byte_stream> inner, bytes prefix)
      : inner_(std::move(inner)), prefix_(std::move(prefix)) {}

  async::task<std::size_t> read_some(bytes_span into) override {
    if (given_ == prefix_.size()) co_return co_await inner_->read_some(into);
    const std::size_t size = std::min(into.size(), prefix_.size() - given_);
    std::copy_n(prefix_.begin() + static_cast<std::ptrdiff_t>(given_), size, into.begin());
    given_ += size;
    if (given_ == prefix_.size()) {
      bytes().swap(prefix_);
      given_ = 0;
    }
    co_return size;
  }
  async::task<void> write(bytes_view data) override { return inner_->write(data); }
  async::task<void> close_write() override { return inner_->close_write(); }
  void reset() noexcept override { inner_->reset(); }
  void on_peer_gone(std::function<void()> callback) override { inner_->on_peer_gone(std::move(callback)); }
  asio::any_io_executor executor() override { return inner_->executor(); }

 private:
  std::unique_ptr<async::byte_stream> inner_;
  bytes prefix_;
  std::size_t given_ = 0;
};

}  // namespace tp::relay
