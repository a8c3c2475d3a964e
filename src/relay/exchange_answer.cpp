// The answer: from the node's stream to the client's connection, or the error that stands for it.
#include <utility>

#include "base/limits.hpp"
#include "codec/json.hpp"
#include "link/session.hpp"
#include "openai/error_answer.hpp"
#include "relay/exchange.hpp"
#include "relay/front.hpp"
#include "relay/node_link.hpp"

namespace tp::relay {

namespace {

using framing_kind = codec::body_framing::kind;

constexpr std::string_view json_type = "application/json";
constexpr std::string_view problem_type = "application/problem+json";

bool is_type(std::string_view media_type, std::string_view wanted) {
  std::string_view type = media_type.substr(0, media_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return codec::same_name(type, wanted);
}

}  // namespace

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
  problem_ = is_type(type, problem_type);
  if (head.status() >= 400 && (problem_ || is_type(type, json_type)) && framed) {
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
  append(out, client_.rate_lines());
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
  if (down_.done()) complete();
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
  const rest_of_upload rest = cancel(outcome::refused);
  client_.answer(rest, status, problem_ ? problem_type : json_type, body);
}

void exchange::on_fin() { cut_short(errc::node_gone); }

void exchange::on_reset(errc reason) {
  stream_ = 0;  // the session has dropped it
  cut_short(reason == errc::shutting_down ? reason : errc::node_gone);
}

void exchange::fail_node() {
  const rest_of_upload rest = cancel(outcome::node_gone);
  client_.refuse(rest, openai::error_answer(errc::node_gone));
}

// The stream is over and complete() has not been reached. `why`: shutting_down if this relay ended it.
void exchange::cut_short(errc why) {
  if (!active()) return;
  const bool head_was_sent = head_sent();
  const rest_of_upload rest = cancel(why == errc::shutting_down ? outcome::drained : outcome::node_gone);
  if (head_was_sent) return client_.abort();  // the answer is cut off, and must look so
  client_.refuse(rest, openai::error_answer(why));
}

}  // namespace tp::relay
