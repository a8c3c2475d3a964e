// Somebody on a TCP connection to the relay, byte by byte: what a library would refuse to send, and what it
// would hide of the answer. One per connection; each function runs the loop until it is done, with a
// deadline.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "scenario/house.hpp"

namespace tp::scenario {

struct raw_answer {
  int status = 0;  // 0: the connection ended before a head
  codec::http_fields fields;
  std::string body;
  bool complete = false;  // the body came to the end its framing names
  std::string code() const;
};

class raw_client {
 public:
  // `receive_bytes`: the socket's receive buffer, for slow readers; 0: the system's.
  raw_client(asio::io_context& loop, std::uint16_t port, int receive_bytes = 0);
  ~raw_client();

  // Writes all, in a task of its own: a peer that does not read blocks nobody.
  void send(std::string data);
  void send(bytes_view data) { send(std::string(as_chars(data))); }
  // The next answer; informational ones are counted and stepped over. With until_head only its head is waited
  // for.
  raw_answer answer();
  int informational() const { return informational_; }
  // Reads until this text has come; false: the connection ended first.
  bool read_until(std::string_view text);
  // Reads on until the relay ends the connection; false after the deadline.
  bool closed();
  void reset();
  void end_writing();  // half-close
  const std::string& input() const { return input_; }  // read, not yet taken

 private:
  async::task<std::size_t> read_more();
  async::task<raw_answer> read_answer();
  async::task<bool> read_to(std::string_view text);
  async::task<bool> read_to_end();

  asio::io_context& loop_;
  std::unique_ptr<net::connection> socket_;
  std::string input_;
  int informational_ = 0;
  async::task_scope writing_;
};

// The head of a sealed request to the node, with these extra fields ("Name: value\r\n" each), without a body.
std::string sealed_head(const codec::peer_id& node, std::string_view fields);
// A whole sealed request with a Content-Length.
std::string sealed_post(const codec::peer_id& node, bytes_view body, std::string_view fields = {});

}  // namespace tp::scenario
