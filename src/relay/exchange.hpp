// One sealed request at the relay: from a client's connection to a stream of the node's session, and the
// answer back (E2EE section 8; HOTPATH rules 3, 4, 5). It looks at framing and media types only, never into a
// body. A member of its front, reused for every request on that connection; event loop thread only. Nothing
// here waits or allocates per byte: bytes go straight from one side's buffer to the other side's socket or
// frame. What the node's window refuses is held (at most one read), and the front stops reading meanwhile.
#pragma once

#include <cstdint>
#include <optional>

#include "codec/http1.hpp"
#include "e2ee/wire.hpp"
#include "libp2p/stream_events.hpp"
#include "relay/context.hpp"

namespace tp::relay {

// Whether a request that was answered early still has bytes on the way.
enum class rest_of_upload : std::uint8_t { none, to_drop };

class exchange final : public p2p::stream_events {
 public:
  exchange(context& shared, front& client) : shared_(shared), client_(client) {}
  ~exchange() override;

  // Starts forwarding: `body` are the first bytes of the body, framed as `framing` says. Returns how many of
  // them were taken; the rest belongs to the next request. Errors (nothing was started): node_busy,
  // node_gone, invalid_http, message_too_large.
  result<std::size_t> start(node_link& to, e2ee::form form, codec::body_framing framing, bytes_view body);

  // More of the body; returns how many bytes belong to it. Errors: invalid_http, message_too_large, after
  // which the node's stream is reset and the caller answers or closes.
  result<std::size_t> upload(bytes_view data);

  bool active() const noexcept { return phase_ != phase::idle; }
  // More bytes of the body are to come from the client.
  bool uploading() const noexcept { return active() && upload_ == upload_state::open && !up_.done(); }
  bool upload_blocked() const noexcept { return !held_up_.empty(); }
  bool head_sent() const noexcept { return phase_ == phase::body; }
  void client_took_all();  // the front has nothing unsent left: the node may send more

  // Ends the exchange and resets the node's stream. No answer is made; the caller's own must heed the result.
  rest_of_upload cancel(outcome why);

  // What the sweep asks: the failure whose time has come, if any.
  std::optional<errc> overdue(steady_time now) const;

 private:
  enum class phase : std::uint8_t { idle, head, clear_error, body };
  enum class upload_state : std::uint8_t { open, complete };

  void on_data(bytes_view piece) override;
  void on_fin() override;
  void on_reset(errc reason) override;
  void on_writable() override;

  result<std::size_t> frame_upload(bytes_view data, bytes& out);
  void put_upload(bytes_view framed);
  void finish_upload();
  void on_head_bytes(bytes_view piece);
  void on_head(const codec::http_head& head, bytes_view rest);
  void begin_answer(codec::body_framing framing, bytes_view rest);
  void on_body(bytes_view piece, bytes_view prefix);
  void on_clear_error(bytes_view piece);
  void fail_node();
  void cut_short(errc why);
  void complete();
  rest_of_upload release(outcome how);

  context& shared_;
  front& client_;
  node_link* link_ = nullptr;
  std::uint32_t stream_ = 0;
  std::uint32_t owed_ = 0;      // bytes of the node not yet given back as credit
  std::uint32_t uploaded_ = 0;  // bytes of sealed body, for the limit
  int status_ = 0;              // of a clear error
  bool problem_ = false;        // the node called it a problem document
  e2ee::form form_ = e2ee::form::chunked;
  phase phase_ = phase::idle;
  upload_state upload_ = upload_state::complete;
  codec::body_framing::kind up_framing_ = codec::body_framing::kind::none;
  codec::body_scanner up_{codec::body_framing{}};
  codec::body_tracker down_{codec::body_framing{}};
  codec::body_scanner clear_{codec::body_framing{}};
  bytes held_up_;    // framed upload bytes the node's window refused
  bytes held_down_;  // an incomplete head, or a clear error's body
  steady_time started_{};
  steady_time last_byte_{};
};

}  // namespace tp::relay
