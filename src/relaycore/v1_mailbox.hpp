// The post office of the first token.place's relay routes: requests wait here for nodes that poll, answers
// for clients that poll. Owned by the relay, touched on its loop only; pure: the time comes in with each
// call, nothing waits. Everything is an exchange: queued for a node, then at work, then answered, then
// fetched. It is counted against its client key, the address it was asked from, its node and the whole
// (limits::v1_*) for as long as it lives.
//
// Whose answer is accepted. /source names only a client key, so the mailbox remembers which origin each
// request was handed to (see v1_nodes.hpp for who gets it), and takes exactly one answer for each from
// exactly that origin. A stranger has no request at work and is refused. What v1 cannot tell apart: two
// programs behind one address that both have requests of the same client. A stream's session id is secret to
// its node, and checked together with the origin. A request without a client key may be answered for any key,
// but never for one that has requests under its own name, whose owner would take it for the answer to those.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "relaycore/v1_nodes.hpp"
#include "relaycore/v1_types.hpp"

namespace tp::relaycore {

using v1_exchange_id = std::uint64_t;

// Called at the end of an operation, for long polls: wake whoever waits for this and let it ask again. Must
// not call the mailbox itself. Unset ones are not called.
struct v1_wake {
  std::function<void(std::string_view server_key)> work;  // a request is queued for this node
  std::function<void(std::string_view client_key)> mail;  // an answer or a chunk is there for this client
};

// What became of a request. If `peer` is set, it is for one of our own nodes: the caller sends the body as it
// came over that link and says finish(), push_chunk() or abandon() for `id`.
struct v1_receipt {
  v1_exchange_id id = 0;
  std::string peer;
  std::string stream_session;  // for a stream to one of our own nodes
};

struct v1_counts {
  std::size_t nodes = 0;
  std::size_t exchanges = 0;
  std::size_t bytes = 0;
};

class v1_mailbox {
 public:
  struct settings {
    v1_node_proof proof = v1_node_proof::off;
    v1_challenge_maker challenge;
    v1_wake wake;
  };
  v1_mailbox(settings with, random_source& random);
  ~v1_mailbox();
  v1_mailbox(const v1_mailbox&) = delete;
  v1_mailbox& operator=(const v1_mailbox&) = delete;

  // Our own nodes, by the RSA key of their record as text (base64 of the PEM).
  void link_node(const std::string& server_key, std::string peer);
  void unlink_node(std::string_view peer);

  // GET /next_server.
  std::optional<std::string> next_server(steady_time now) { return nodes_.next(now); }

  // POST /faucet, asked for from `address` (limit_key). Errors: node_not_found; too_many (this client or
  // address has enough waiting); node_busy (the node or the mailbox has).
  result<v1_receipt> post(v1_request request, std::string_view address, steady_time now);

  // POST /sink. No work and no challenge: nothing to do, or not for this origin. Errors: as
  // v1_nodes::on_poll.
  result<v1_poll_answer> poll(const v1_poll& request, std::string_view origin, steady_time now);
  // A node that waits in a long poll counts as there until then.
  void node_waits(std::string_view server_key, std::string_view origin, steady_time until);

  // POST /source. Errors: not_found (this origin has no request of that client at work); too_many (the client
  // fetches nothing) or node_busy, and then the request stays at work.
  result<void> answer(v1_answer sent, std::string_view origin, steady_time now);

  // POST /stream/source. Errors: not_found (no such session of this origin, or it has ended); too_many,
  // node_busy.
  result<void> chunk(v1_chunk sent, std::string_view origin, steady_time now);

  // The same for a request that one of our own nodes has; an exchange that is gone (expired) is not_found.
  // The client key of the answer counts only if the request had none.
  result<void> finish(v1_exchange_id id, v1_answer sent, steady_time now);
  result<void> push_chunk(v1_exchange_id id, std::string json, v1_end end, steady_time now);
  void abandon(v1_exchange_id id);

  // POST /retrieve: the oldest answer, taken out.
  std::optional<v1_sealed> retrieve(std::string_view client_key, steady_time now);
  // POST /stream/retrieve: what came since the last call, of the oldest stream that has something; without
  // anything of an open one an empty list; nullopt without a stream.
  std::optional<v1_chunks> retrieve_stream(std::string_view client_key, steady_time now);

  // POST /unregister: whether this origin held the key. Requests that wait for the node are dropped.
  bool unregister(std::string_view server_key, std::string_view origin);

  // Drops what has expired and nodes that missed their pings. To be called about every second.
  void expire(steady_time now);

  v1_counts counts() const noexcept { return {nodes_.size(), exchanges_.size(), bytes_}; }

 private:
  struct exchange;
  struct usage {
    std::size_t count = 0;
    std::size_t bytes = 0;
  };
  using id_list = std::deque<v1_exchange_id>;

  exchange* find(v1_exchange_id id);
  exchange* at_work(std::string_view client_key, std::string_view origin);
  result<void> name_client(exchange& each, const std::string& client_key, std::size_t more);
  result<void> store(exchange& each, v1_sealed sealed, steady_time now);
  result<void> append(exchange& each, std::string json, v1_end end, steady_time now);
  // too_many or node_busy if so much more does not fit.
  result<void> room(const exchange& each, std::size_t more, std::size_t count) const;
  void resize(exchange& each, std::size_t bytes);
  void add_to_client(exchange& each, const std::string& client_key);
  void take_from_client(const exchange& each);
  void erase(v1_exchange_id id);
  void drop_queue(std::deque<v1_exchange_id> queue);
  void drop_unnamed_answers(std::string_view client_key);
  std::string new_session();

  v1_nodes nodes_;
  v1_wake wake_;
  random_source& random_;
  std::map<v1_exchange_id, exchange> exchanges_;
  std::map<std::string, id_list, std::less<>> by_client_;  // ids of one client in order; "" for the unnamed
  std::map<std::string, v1_exchange_id, std::less<>> by_session_;
  std::map<std::string, usage, std::less<>> by_address_;
  std::size_t bytes_ = 0;
  v1_exchange_id last_id_ = 0;
};

}  // namespace tp::relaycore
