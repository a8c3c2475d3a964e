// Two connected byte streams without a socket, for tests and for parts of one process that talk to each
// other. Each direction is a bounded pipe: a full pipe makes the writer wait. Faults are settings or calls,
// and the split of reads is seeded, so a failing run can be repeated. Both ends live on one event loop; one
// may be destroyed first (its peer then reads connection_reset, or the end if the direction was closed).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "async/byte_stream.hpp"

namespace tp::async {

struct memory_pipe;

enum class delivery { immediate, manual };

struct memory_stream_settings {
  std::size_t capacity_bytes = 65'536;
  delivery mode = delivery::immediate;       // manual: bytes arrive only when pump() lets them through
  std::optional<std::uint64_t> split_seed;   // most reads return 1 … 16 bytes only
  std::optional<std::uint64_t> cut_after;    // bytes written by this end, then both directions reset
  std::optional<std::uint64_t> stall_after;  // bytes written by this end, then later ones never arrive
};

class memory_stream final : public byte_stream {
 public:
  memory_stream(asio::any_io_executor executor, std::shared_ptr<memory_pipe> in,
                std::shared_ptr<memory_pipe> out);
  ~memory_stream() override;

  task<std::size_t> read_some(bytes_span into) override;
  task<void> write(bytes_view data) override;
  task<void> close_write() override;
  void reset() noexcept override;
  void on_peer_gone(std::function<void()> callback) override;
  asio::any_io_executor executor() override { return executor_; }

  // Manual delivery: lets up to `bytes` of what this end wrote reach the peer; all of it by default. Returns
  // how many. The end of the direction arrives after the last byte.
  std::size_t pump(std::size_t bytes = SIZE_MAX);
  // From now on nothing that this end writes arrives.
  void stall();
  std::uint64_t written() const;

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<memory_pipe> in_;
  std::shared_ptr<memory_pipe> out_;
};

using memory_stream_pair = std::pair<std::unique_ptr<memory_stream>, std::unique_ptr<memory_stream>>;

// The settings are those of the direction that the first, respectively the second, end writes.
memory_stream_pair make_memory_streams(const asio::any_io_executor& executor,
                                       const memory_stream_settings& first_writes = {},
                                       const memory_stream_settings& second_writes = {});

}  // namespace tp::async
