// A relay that keeps to no rule: it takes nodes and does with their sessions what the test says. One per
// test; functions that wait run the loop.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "link/session.hpp"
#include "link/stream.hpp"
#include "net/listener.hpp"
#include "scenario/house.hpp"

namespace tp::scenario {

class raw_relay {
 public:
  raw_relay(asio::io_context& loop, std::uint64_t seed);
  ~raw_relay();

  codec::url url() const;
  std::size_t records() const { return records_; }  // taken so far
  bool never_lets_go = false;                       // a DELETE is not answered

  // A stream to the node, what has come on it, and whether it is over.
  struct call {
    std::unique_ptr<async::byte_stream> stream;
    std::string said;
    bool over = false;
  };
  // Opens a stream with these first bytes and reads it to its end.
  call& begin(std::string_view first_bytes);
  std::deque<call> calls;

  program_services own;

 private:
  asio::awaitable<void> serve(std::unique_ptr<net::connection> accepted);
  asio::awaitable<void> answer(net::http_exchange& exchange);
  asio::awaitable<void> run(call* of, std::string first_bytes);
  link::stream_events* on_stream(std::uint32_t id);

  asio::io_context& loop_;
  crypto::ed25519_key identity_;
  std::unique_ptr<net::listener> listener_;
  std::unique_ptr<link::session> session_;
  net::http_handler door_;
  std::size_t records_ = 0;
  async::task_scope tasks_;
};

}  // namespace tp::scenario
