// A stranger who proves an identity and then writes Yamux frames by hand: what a library would refuse to
// send. As a dialer to a relay's port, or as a relay that a node dials. One session each; every function runs
// the loop until it is done, with a deadline.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libp2p/upgrade.hpp"
#include "libp2p/yamux_frame.hpp"
#include "net/listener.hpp"
#include "scenario/house.hpp"

namespace tp::scenario {

// Frames, one after the other.
class frames {
 public:
  frames& add(p2p::yamux_type type, unsigned flags, std::uint32_t stream, std::uint32_t length,
              std::string_view payload = {});
  frames& data(unsigned flags, std::uint32_t stream, std::string_view payload);
  frames& raw(std::string_view input);  // not a frame
  const bytes& all() const { return all_; }

 private:
  bytes all_;
};

class raw_peer {
 public:
  // Upgrades the stream to an authenticated session. `identity` is made from the seed.
  raw_peer(asio::io_context& loop, std::unique_ptr<async::byte_stream> stream, p2p::role as,
           std::uint64_t seed);
  // TCP to the relay's port.
  static std::unique_ptr<raw_peer> dial(asio::io_context& loop, std::uint16_t port, std::uint64_t seed);
  ~raw_peer();

  // Seals and writes, in its order, in a task of its own: a peer that does not read blocks nobody.
  void send(const frames& what);
  void send_unsealed(std::string_view data) { enqueue(as_bytes(data)); }
  bool has_sent() const { return !sending_; }  // all of it
  // Reads on until the other side ends the session; false after the deadline.
  bool ended();
  // Reads until the decrypted input holds this; false: the session ended first.
  bool read_until(bytes_view part);
  bool is_open() const { return upgraded_.has_value(); }

 private:
  void enqueue(bytes_view data);
  asio::awaitable<void> write_all();
  async::task<p2p::upgraded> upgrade(p2p::role as);
  async::task<std::size_t> read_more();
  async::task<void> read_to_end();
  async::task<void> read_to(bytes_view part);

  asio::io_context& loop_;
  program_services own_;
  crypto::ed25519_key identity_;
  std::unique_ptr<async::byte_stream> stream_;
  std::optional<p2p::upgraded> upgraded_;
  bytes input_;  // from the wire, not decrypted
  bytes plain_;
  std::deque<bytes> output_;
  bool sending_ = false;
  async::task_scope writing_;
};

// A relay in name only: takes the links that nodes dial, and upgrades them.
class raw_listener {
 public:
  explicit raw_listener(asio::io_context& loop);
  ~raw_listener();
  codec::url url() const;
  // The next link; waits for a node to dial.
  std::unique_ptr<raw_peer> accept(std::uint64_t seed);

 private:
  asio::io_context& loop_;
  std::unique_ptr<net::listener> listener_;
  std::deque<std::unique_ptr<net::connection>> waiting_;
  async::task_scope running_;
};

}  // namespace tp::scenario
