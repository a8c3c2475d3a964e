// One client connection of the relay, from its first byte to its end: reads heads, decides between the hot
// route (the sealed exchange), the cold routes, a WebSocket and raw libp2p, and writes answers (HOTPATH rules
// 4, 5, 6). One reader coroutine and nothing else while idle: no timer, no buffer, no writer. The sweep ends
// what takes too long. Owned by its coroutine; event loop thread only. Refuses HTTP/1.0 on the hot route and
// pipelined heads over limits::http_head_bytes_max.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "async/event.hpp"
#include "net/connection.hpp"
#include "openai/error_answer.hpp"
#include "relay/context.hpp"
#include "relay/exchange.hpp"

namespace tp::relay {

class front {
 public:
  front(context& shared, std::unique_ptr<net::connection> socket);
  ~front();
  front(const front&) = delete;
  front& operator=(const front&) = delete;

  // Serves the connection until its end; cancellation cuts it.
  asio::awaitable<void> run();

  // Ends what has taken too long; called by the sweep.
  void check(steady_time now);
  // Closes the connection if nothing is under way on it; for draining.
  void close_if_idle();

  // What the exchange asks of its client connection.
  void send(bytes_view data);  // at once; what the socket refuses is kept and sent when it can be
  bool has_unsent() const noexcept { return !unsent_.empty(); }
  void resume_reading();
  void exchange_over(rest_of_upload rest);
  void answer(rest_of_upload rest, int status, std::string_view type, bytes_view body,
              std::string_view extra_fields = {});
  void refuse(rest_of_upload rest, const openai::api_error& error);
  void abort() noexcept;
  std::string_view request_id() const noexcept { return request_id_; }
  bool keeps_alive() const noexcept { return keep_alive_; }
  // Lines for the head of the present answer: what a limit has counted.
  std::string_view rate_lines() const noexcept { return rate_lines_; }

 private:
  enum class next : std::uint8_t { read, wait, pause, cold, websocket, libp2p, close };
  static bool goes_on(next then) { return then <= next::cold; }

  next on_bytes(bytes_view data);
  next on_head_bytes();
  next on_sealed_request(const codec::http_head& head, std::size_t head_size);
  next refuse_request(const codec::http_head& head, std::size_t head_size, const openai::api_error& error);
  const codec::ip_address& peer();
  bool may_become_link(const codec::ip_address& from);
  next refuse_link(const codec::http_head& upgrade);
  next drop(std::size_t size);
  bool must_wait() const;
  next read_once();
  asio::awaitable<void> serve_cold();
  asio::awaitable<void> become_link(next how);
  void watch_for_end();
  void start_writer();
  asio::awaitable<void> drain_unsent();
  bool has_pipelined() const noexcept { return waits_for_head() && !input_.empty(); }
  bool waits_for_head() const noexcept { return !exchange_.active() && !dropping_; }

  context& shared_;
  std::unique_ptr<net::connection> socket_;
  exchange exchange_;
  bytes input_;   // an incomplete head, or what came while an exchange is under way
  bytes unsent_;  // what the socket refused
  std::string request_id_;
  std::string rate_lines_;
  std::optional<codec::ip_address> peer_;  // once somebody asked; of a link: the client behind the proxies
  std::unique_ptr<async::event> resumed_;  // made when reading first has to pause
  std::list<front*>::iterator place_;
  steady_time since_;  // when the present state (idle, head, dropping, unsent) began
  std::uint32_t dropped_ = 0;
  bool keep_alive_ = true;
  bool dropping_ = false;
  bool closing_ = false;  // close once everything is sent
  bool cold_ = false;     // a cold handler has the connection and its own deadlines
  bool writing_ = false;  // drain_unsent is running
};

}  // namespace tp::relay
