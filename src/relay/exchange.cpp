#include "relay/exchange.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "codec/json.hpp"
#include "link/session.hpp"
#include "link/stream.hpp"
#include "openai/error_answer.hpp"
#include "relay/front.hpp"
#include "relay/node_link.hpp"

namespace tp::relay {

namespace {

using framing_kind = codec::body_framing::kind;

bool is_json(std::string_view media_type) {
  const std::string_view type = media_type.substr(0, media_type.find(';'));
  return codec::same_name(type, "application/json") || codec::same_name(type, "application/problem+json");
}

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

exchange::~exchange() { cancel(outcome::client_gone); }

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

void exchange::on_data(bytes_view piece) {
  last_byte_ = shared_.now();
  owed_ += static_cast<std::uint32_t>(piece.size());
  switch (phase_) {
    case phase::head:
      on_head_bytes(piece);
      break;
    case phase::clear_error:
      on_clear_error(piece);
      break;
    case phase::body:
      on_body(piece, {});
      break;
    case phase::idle:
      return;
  }
  if (active() && !client_.has_unsent()) client_took_all();
}

void exchange::client_took_all() {
  if (!active() || owed_ == 0) return;
  link_->session().consumed(stream_, owed_);
  owed_ = 0;
}

void exchange::on_head_bytes(bytes_view piece) {
  bytes_view input = piece;
  if (!held_down_.empty()) {
    append(held_down_, piece);
    input = held_down_;
  }
  const auto size = codec::parse_response_head(as_chars(input), shared_.response_head);
  if (!size) return fail_node();
  if (*size == 0) {
    if (held_down_.empty()) held_down_ = to_bytes(piece);
    return;
  }
  const bytes joined = std::exchange(held_down_, {});  // keeps what the head's views point into
  on_head(shared_.response_head, input.subspan(*size));
}

void exchange::on_head(const codec::http_head& head, bytes_view rest) {
  const auto framing = codec::response_framing(head, "POST");
  const std::string_view type = head.find("content-type").value_or("");
  if (!framing) return fail_node();
  const bool framed = framing->how == framing_kind::length || framing->how == framing_kind::chunked;
  if (head.status() == 200 && e2ee::response_form(type) == form_ && framed)
    return begin_answer(*framing, rest);
  if (head.status() >= 400 && is_json(type) && framed) {
    status_ = head.status();
    clear_ = codec::body_scanner(*framing);
    phase_ = phase::clear_error;
    return on_clear_error(rest);
  }
  fail_node();
}

void exchange::begin_answer(codec::body_framing framing, bytes_view rest) {
  bytes& out = shared_.write_buffer;
  out.clear();
  append(out, "HTTP/1.1 200 OK\r\nContent-Type: ");
  append(out, e2ee::response_media_type(form_));
  append(out, "\r\nCache-Control: no-store\r\nX-Token-Place-Privacy: sealed\r\nX-Request-Id: ");
  append(out, client_.request_id());
  append(
      out,
      "\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: retry-after, x-request-id\r\n");
  if (form_ == e2ee::form::chunked) append(out, "Incremental: ?1\r\n");
  if (!client_.keeps_alive()) append(out, "Connection: close\r\n");
  if (framing.how == framing_kind::length) {
    append(out, "Content-Length: ");
    append(out, std::to_string(framing.length));
  } else {
    append(out, "Transfer-Encoding: chunked");
  }
  append(out, "\r\n\r\n");
  down_ = codec::body_tracker(framing);
  phase_ = phase::body;
  shared_.count.first_byte.observe(last_byte_ - started_);
  on_body(rest, out);
}

// `prefix`: our own head, sent in one write with the first bytes of the body.
void exchange::on_body(bytes_view piece, bytes_view prefix) {
  const auto used = down_.feed(piece);
  const bool sound = used && *used == piece.size();
  if (!sound) {  // a node may neither break its framing nor say more than one answer
    if (!prefix.empty()) return fail_node();
    cancel(outcome::node_gone);
    return client_.abort();
  }
  shared_.count.bytes_down.add(piece.size());
  if (prefix.empty()) {
    client_.send(piece);
  } else {
    append(shared_.write_buffer, piece);  // prefix lies there
    client_.send(shared_.write_buffer);
  }
  if (down_.done()) over(outcome::completed);
}

// A clear error is small, so it is taken whole and checked before the client sees any of it.
void exchange::on_clear_error(bytes_view piece) {
  std::size_t used = 0;
  while (used < piece.size() && !clear_.done()) {
    const auto step = clear_.next(piece.subspan(used));
    if (!step) return fail_node();
    used += step->consumed;
    append(held_down_, step->piece);
    if (held_down_.size() > limits::clear_error_bytes_max) return fail_node();
  }
  if (!clear_.done()) return;
  const auto parsed =
      codec::parse_json(as_chars(held_down_), {.depth = 4, .bytes = limits::clear_error_bytes_max});
  const bool sound = parsed && parsed->is_object() && parsed->get_object().contains("error");
  if (!sound) return fail_node();
  const bytes body = std::exchange(held_down_, {});
  const int status = status_;
  const bool problem = parsed->get_object().contains("type");
  const bool upload_done = upload_ == upload_state::complete;
  cancel(outcome::refused);
  client_.answer(upload_done ? rest_of_upload::none : rest_of_upload::to_drop, status,
                 problem ? "application/problem+json" : "application/json", body);
}

void exchange::on_fin() {
  if (!active()) return;
  if (phase_ == phase::body) {  // over() has not been reached: the answer is cut off, and must look so
    cancel(outcome::node_gone);
    return client_.abort();
  }
  fail_node();
}

void exchange::on_reset(errc) {
  if (!active()) return;
  stream_ = 0;  // the session has dropped it
  on_fin();
}

void exchange::fail_node() {
  const bool upload_done = upload_ == upload_state::complete;
  cancel(outcome::node_gone);
  client_.refuse(upload_done ? rest_of_upload::none : rest_of_upload::to_drop,
                 openai::error_answer(errc::node_gone));
}

void exchange::cancel(outcome why) {
  if (!active()) return;
  if (stream_ != 0) link_->session().reset(stream_);
  release();
  shared_.count.of(why).add();
}

void exchange::over(outcome how) {
  const bool upload_done = upload_ == upload_state::complete;
  client_took_all();
  if (stream_ != 0 && upload_done) link_->session().abandon(stream_);
  if (stream_ != 0 && !upload_done) link_->session().reset(stream_);
  release();
  shared_.count.of(how).add();
  client_.exchange_over(upload_done ? rest_of_upload::none : rest_of_upload::to_drop);
}

void exchange::release() {
  phase_ = phase::idle;
  upload_ = upload_state::complete;
  stream_ = 0;
  shared_.count.exchanges.add(-1);
  shared_.count.bytes_up.add(uploaded_);
  bytes().swap(held_up_);
  bytes().swap(held_down_);
  std::exchange(link_, nullptr)->on_exchange_ended();
}

std::optional<errc> exchange::overdue(steady_time now) const {
  if (!active()) return std::nullopt;
  const times& time = shared_.config.time;
  if (now - started_ > time.call) return errc::deadline_exceeded;
  if (upload_ == upload_state::open)
    return now - started_ > time.upload ? std::optional(errc::deadline_exceeded) : std::nullopt;
  if (phase_ == phase::body)
    return now - last_byte_ > time.silence ? std::optional(errc::stalled) : std::nullopt;
  return now - started_ > time.first_head ? std::optional(errc::deadline_exceeded) : std::nullopt;
}

}  // namespace tp::relay
