// What http_server and http_exchange share about one connection and its current request. Internal to net.
#pragma once

#include <optional>

#include "async/deadline.hpp"
#include "async/task_scope.hpp"
#include "net/http_server.hpp"

namespace tp::net {

// Reads with a deadline that does not harm the stream: deadline_exceeded, and reading or answering may go on.
task<std::size_t> read_before(async::byte_stream& from, bytes_span into, async::deadline until,
                              http_drain* drain = nullptr);

// Writes; a peer that takes nothing for `patience` is reset: stalled.
task<void> write_within(async::byte_stream& to, bytes_view data, std::chrono::nanoseconds patience);

struct http_connection {
  enum class answer { none, chunked, length, until_close, head_only, complete, failed };

  http_connection(async::byte_stream& on, const http_server_settings& with, services& given,
                  http_drain* draining, bytes& unread)
      : stream(on), settings(with), env(given), drain(draining), input(unread) {}

  // Head.
  task<void> read_head(async::deadline first_byte);
  void take_head(std::size_t head_bytes);
  void untake_head();  // `input` is as it was before

  // Body.
  bytes_view unread() const { return bytes_view(input).subspan(input_at); }
  task<void> refill(async::deadline until);
  task<std::size_t> body_some(bytes_span into);
  task<void> send_continue();
  // How many of the unread bytes belong to the body; nothing if it does not end within them.
  std::optional<std::size_t> buffered_rest_of_body() const;
  void compact();

  // Answer.
  codec::http_fields answer_fields(const codec::http_fields& own);
  task<void> send(bytes_view data);
  task<void> respond(int status, const codec::http_fields& fields, bytes_view body);
  task<void> begin(int status, const codec::http_fields& fields);
  task<void> write(bytes_view data);
  task<void> end();
  task<void> refuse(int status, literal code, literal message);
  // After a refusal: says no more, and reads on for a while, because a reset would destroy the answer on its
  // way.
  task<void> linger();

  async::byte_stream& stream;
  const http_server_settings& settings;
  services& env;
  http_drain* drain;
  bytes& input;
  std::size_t input_at = 0;

  bytes head_bytes;         // `head` looks into it
  std::size_t head_at = 0;  // where it begins
  codec::http_head head;
  std::string id;
  codec::body_decoder body{codec::body_framing{}};
  std::uint64_t body_bytes = 0;
  async::deadline body_until = async::deadline::never();
  bool continue_wanted = false;
  bool keep_alive = true;

  answer state = answer::none;
  bool is_head_request = false;
  std::uint64_t length_left = 0;
  std::function<void()> gone;
};

}  // namespace tp::net
