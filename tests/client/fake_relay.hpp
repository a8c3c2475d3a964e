// A relay and its nodes in one, for tests of the client: directory, sealed route, real records and real
// envelopes. What goes wrong is planned per node and call. One per test; the test's event loop thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "async/run.hpp"
#include "base/metrics.hpp"
#include "crypto/random.hpp"
#include "e2ee/key_ring.hpp"
#include "e2ee/node_record.hpp"
#include "e2ee/open.hpp"
#include "net/http_listener.hpp"

namespace tp::client_test {

enum class ending {
  proper,
  cut_connection,    // after the pieces, no end at all
  end_without_final  // a clean HTTP end, but the envelope is not finished
};

// What happens to one call.
struct call_plan {
  // In the clear, if not 0.
  int clear_status = 0;
  std::string clear_code;
  std::string retry_after;
  // Sealed otherwise.
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::string> pieces{"{}"};
  ending how = ending::proper;
  std::string media_type;                    // instead of the right one
  std::int64_t clock_s = 0;                  // how far this node's clock is from everybody's
  std::size_t wait_before_piece = SIZE_MAX;  // before this piece: until the client is gone
};

class fake_node {
 public:
  fake_node(services& with, std::string name, std::vector<std::string> models);
  json::object entry();
  // A new OHTTP key; envelopes for the old one no longer open. The directory goes on listing the old one
  // until listed_key_is_stale is cleared.
  void forget_keys();

  codec::peer_id peer;
  std::deque<call_plan> plans;  // taken in turn; then `usual`
  call_plan usual;
  std::vector<std::string> bodies;  // of the requests it opened, for comparison by tests
  std::vector<codec::http_fields> inner_fields;
  std::size_t calls = 0;
  bool connected = true;
  bool listed_key_is_stale = false;

 private:
  friend class fake_relay;
  void change_key();
  services& services_;
  crypto::ed25519_key identity_;
  std::unique_ptr<e2ee::key_ring> ring_;
  std::uint8_t key_id_ = 0;
  e2ee::record_fields fields_;
  bytes stale_list_;
};

class fake_relay {
 public:
  explicit fake_relay(asio::io_context& loop, services& with);
  ~fake_relay();
  fake_node& add(std::string name, std::vector<std::string> models);
  std::uint16_t port() const { return listener_->port(); }
  std::size_t directory_requests = 0;
  std::size_t clients_gone = 0;
  std::vector<std::string> outer_names;  // of every field that came with sealed requests

 private:
  asio::awaitable<void> handle(net::http_exchange& exchange);
  asio::awaitable<void> serve_call(net::http_exchange& exchange, fake_node& node);
  asio::awaitable<void> answer(net::http_exchange& exchange, const call_plan& plan, e2ee::sealed_call call);
  asio::awaitable<void> send_json(net::http_exchange& exchange, int status, std::string body);

  asio::io_context& loop_;
  services& services_;
  std::vector<std::unique_ptr<fake_node>> nodes_;
  std::unique_ptr<net::http_listener> listener_;
  async::task_scope scope_;
};

}  // namespace tp::client_test
