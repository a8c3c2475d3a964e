// One v1 envelope on its way to a node of ours, and the answer back (CONTRACT "Link": POST /v1-envelope). The
// JSON goes as the client sent it; nothing else of the client goes with it. Nothing here looks inside, and
// nothing could. Owned by the coroutine that makes the call; event loop thread only. Holds one of the node's
// slots and counts as an exchange until it ends; destroyed before finish() it counts as given up.
#pragma once

#include <memory>
#include <string_view>

#include "net/http_client.hpp"
#include "relay/context.hpp"
#include "relay/node_link.hpp"

namespace tp::relay {

class envelope_call {
 public:
  // Ask to.has_slot() first, in the same turn.
  envelope_call(context& shared, node_link& to);
  ~envelope_call();
  envelope_call(const envelope_call&) = delete;
  envelope_call& operator=(const envelope_call&) = delete;

  // Sends the body and waits for the answer's head. `to` is used before the first suspension only; `body`
  // must stay valid until this returns. Errors: node_gone, shutting_down, deadline_exceeded, cancelled.
  async::task<void> send(node_link& to, bytes_view body);

  int status() const { return answer_->status(); }
  // The answer's media type without parameters; only what such an answer may have, else empty.
  std::string_view media_type() const;
  bool is_json() const { return media_type() == json_type; }
  bool is_stream() const { return media_type() == stream_type; }
  static constexpr std::string_view json_type = "application/json";
  static constexpr std::string_view stream_type = "text/event-stream";

  // The answer's body. Errors: as send(), and stalled, too_large (read_all).
  async::task<std::size_t> read_some(bytes_span into);  // 0 = its end
  async::task<bytes> read_all(std::size_t bytes_max);

  void finish(outcome how);
  // The same for a failure of the above.
  void finish(errc failure);

 private:
  errc reason_of(errc failure, const async::deadline_guard& guard, errc if_late) const;

  context& shared_;
  node_link::slot slot_;
  steady_time started_;
  async::deadline until_;  // of all
  std::unique_ptr<net::http_response> answer_;
  bool open_ = true;
};

}  // namespace tp::relay
