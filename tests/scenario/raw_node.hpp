// A stranger's node: a libp2p session to the relay with records signed by hand, which answers every request
// with the bytes it is told, true or not. Each function runs the loop until it is done.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "e2ee/key_ring.hpp"
#include "link/session.hpp"
#include "link/stream.hpp"
#include "scenario/house.hpp"

namespace tp::scenario {

enum class after_answer { finish, reset, stay, end_session };

class raw_node {
 public:
  raw_node(asio::io_context& loop, codec::url relay, std::uint64_t seed);
  ~raw_node();

  const codec::peer_id& peer() const { return peer_; }
  // {"record","signature"} with this seq; `lifetime` from now on.
  std::string record(std::int64_t seq, std::chrono::seconds lifetime = 3'600s);
  // A control request on the session; the answer's status, 0 if there was none. `body_of`: the answer's body.
  int control(std::string method, std::string path, std::string body, std::string* body_of = nullptr);
  int put(std::string body) { return control("PUT", path_of(peer_), std::move(body)); }
  static std::string path_of(const codec::peer_id& node) { return "/api/v2/nodes/" + node.text(); }
  // Of whom the session proved to be with.
  const codec::peer_id& remote() const { return session_->remote(); }
  void end_session();
  bool ended() const { return ended_; }

  std::string authorization;           // sent with control requests
  std::optional<std::string> rsa_pem;  // in records made from now on
  std::string says;                    // the whole answer, head included
  after_answer then = after_answer::finish;
  std::size_t requests = 0;  // whose head has come
  std::string last_request;  // as it came, without framing removed

  program_services own;

 private:
  link::stream_events* on_stream(std::uint32_t id);
  asio::awaitable<void> serve(std::unique_ptr<link::stream> stream);

  asio::io_context& loop_;
  crypto::ed25519_key identity_;
  codec::peer_id peer_;
  e2ee::key_ring keys_;
  std::unique_ptr<link::session> session_;
  bool ended_ = false;
  async::task_scope calls_;
  async::task_scope running_;
};

}  // namespace tp::scenario
