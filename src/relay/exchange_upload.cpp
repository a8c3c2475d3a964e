// The request: from the client's connection to the node's stream.
#include <algorithm>

#include "base/limits.hpp"
#include "link/session.hpp"
#include "link/stream.hpp"
#include "relay/exchange.hpp"
#include "relay/front.hpp"
#include "relay/node_link.hpp"

namespace tp::relay {

namespace {

using framing_kind = codec::body_framing::kind;

// The head that reaches the node: the form and the length, and nothing else of the client (E2EE section 8,
// step 7).
void write_node_head(bytes& out, e2ee::form form, codec::body_framing framing) {
  append(out, "POST /ohttp HTTP/1.1\r\nHost: node\r\nContent-Type: ");
  append(out, e2ee::request_media_type(form));
  if (framing.how == framing_kind::length) {
    append(out, "\r\nContent-Length: ");
    append(out, std::to_string(framing.length));
  } else {
    append(out, "\r\nTransfer-Encoding: chunked");
  }
  append(out, "\r\n\r\n");
}

}  // namespace

result<std::size_t> exchange::start(node_link& to, e2ee::form form, codec::body_framing framing,
                                    bytes_view body) {
  if (framing.how == framing_kind::none) framing = {framing_kind::length, 0};
  up_ = codec::body_scanner(framing.length == 0 && framing.how == framing_kind::length ? codec::body_framing{}
                                                                                       : framing);
  up_framing_ = framing.how;
  uploaded_ = 0;
  form_ = form;
  bytes& frame = shared_.write_buffer;
  frame.clear();
  write_node_head(frame, form, framing);
  auto taken = frame_upload(body, frame);
  if (!taken) return taken.error();

  const bool whole = up_.done();
  // The first frame holds the head and as much of the body as one opening may carry.
  const std::size_t first = std::min(frame.size(), link::session::open_bytes_max);
  const bool everything = whole && first == frame.size();
  link::session::batch together(to.session());
  const auto id = to.session().open(link::http_protocol, bytes_view(frame).first(first), {},
                                    everything ? p2p::fin::yes : p2p::fin::no, *this);
  if (!id) return to_errc(id.error()) == errc::connection_closed ? errc::node_gone : errc::node_busy;
  link_ = &to;
  link_->on_exchange_started();
  stream_ = *id;
  owed_ = 0;
  phase_ = phase::head;
  upload_ = everything ? upload_state::complete : upload_state::open;
  held_down_.clear();
  started_ = last_byte_ = shared_.now();
  shared_.count.exchanges.add(1);
  if (!everything) {
    if (first < frame.size()) put_upload(bytes_view(frame).subspan(first));
    if (whole) finish_upload();
  }
  return taken;
}

// Counts and frames body bytes: those with a length as they are, chunked ones anew, because the client's own
// chunk extensions are nobody's business.
result<std::size_t> exchange::frame_upload(bytes_view data, bytes& out) {
  std::size_t used = 0;
  while (used < data.size() && !up_.done()) {
    const auto step = up_.next(data.subspan(used));
    if (!step) return step.error();
    used += step->consumed;
    uploaded_ += static_cast<std::uint32_t>(step->piece.size());
    if (uploaded_ > limits::request_bytes_max) return errc::message_too_large;
    if (up_framing_ == framing_kind::chunked) {
      codec::write_chunk(out, step->piece);
    } else {
      append(out, step->piece);
    }
  }
  if (up_framing_ == framing_kind::chunked && up_.done()) codec::write_last_chunk(out);
  return used;
}

result<std::size_t> exchange::upload(bytes_view data) {
  bytes& frame = shared_.write_buffer;
  frame.clear();
  auto taken = frame_upload(data, frame);
  if (!taken) {
    cancel(outcome::refused);
    return taken.error();
  }
  link::session::batch together(link_->session());
  put_upload(frame);
  if (up_.done()) finish_upload();
  return taken;
}

void exchange::put_upload(bytes_view framed) {
  std::size_t taken = 0;
  if (held_up_.empty()) taken = link_->session().write(stream_, framed);
  append(held_up_, framed.subspan(taken));
}

void exchange::finish_upload() {
  if (!held_up_.empty() || upload_ == upload_state::complete) return;
  upload_ = upload_state::complete;
  link_->session().finish(stream_);
}

void exchange::on_writable() {
  if (held_up_.empty()) return;
  const std::size_t taken = link_->session().write(stream_, held_up_);
  held_up_.erase(held_up_.begin(), held_up_.begin() + static_cast<std::ptrdiff_t>(taken));
  if (!held_up_.empty()) return;
  bytes().swap(held_up_);
  if (up_.done()) finish_upload();
  client_.resume_reading();
}

}  // namespace tp::relay
