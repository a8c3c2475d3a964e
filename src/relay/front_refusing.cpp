// Answers that the front makes itself, whole and small, and what becomes of the rest of the request.
#include "base/limits.hpp"
#include "relay/front.hpp"

namespace tp::relay {

// A refusal before anything was forwarded. A body that is already here whole is stepped over and the
// connection kept.
front::next front::refuse_request(const codec::http_head& head, std::size_t head_size,
                                  const openai::api_error& error) {
  shared_.count.of(outcome::refused).add();
  const std::size_t here = input_.size() - head_size;
  const bool whole = !head.chunked() && head.content_length().value_or(0) <= here;
  if (whole) {
    const std::size_t used = head_size + static_cast<std::size_t>(head.content_length().value_or(0));
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(used));
    refuse(rest_of_upload::none, error);
    if (input_.empty()) bytes().swap(input_);
    return next::read;
  }
  bytes().swap(input_);
  refuse(rest_of_upload::to_drop, error);
  return next::read;
}

bool front::may_become_link(const codec::ip_address& from) {
  peer_ = from;
  const bool room = shared_.unregistered.has_room(from);
  if (!room) shared_.count.wire.handshakes_refused.add();
  return room;
}

front::next front::refuse_link(const codec::http_head& upgrade) {
  request_id_ = net::choose_request_id(upgrade, shared_.with);
  bytes().swap(input_);  // `upgrade` looks into it
  openai::api_error error = openai::error_answer(errc::node_busy);
  error.code = "too_many_connections";
  error.message = "Too many links are being made. Try again soon.";
  refuse(rest_of_upload::to_drop, error);
  return next::read;
}

front::next front::drop(std::size_t size) {
  dropped_ += static_cast<std::uint32_t>(size);
  return dropped_ <= limits::drain_refused_bytes ? next::read : next::close;
}

void front::refuse(rest_of_upload rest, const openai::api_error& error) {
  std::string extra;
  if (error.retry_after) extra = "Retry-After: " + std::to_string(error.retry_after->count()) + "\r\n";
  const std::string body = openai::to_text(error);
  answer(rest, error.status, openai::content_type(error), as_bytes(body), extra);
}

void front::answer(rest_of_upload rest, int status, std::string_view type, bytes_view body,
                   std::string_view extra_fields) {
  if (rest == rest_of_upload::to_drop) keep_alive_ = false;
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out.append(codec::reason_phrase(status)).append("\r\nContent-Type: ").append(type);
  out.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  out.append("\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n");
  out.append("Access-Control-Expose-Headers: retry-after, x-request-id\r\nX-Request-Id: ")
      .append(request_id_);
  out.append("\r\n").append(rate_lines_).append(extra_fields);
  if (!keep_alive_) out.append("Connection: close\r\n");
  out.append("\r\n").append(as_chars(body));
  send(as_bytes(out));
  exchange_over(rest);
}

void front::exchange_over(rest_of_upload rest) {
  since_ = shared_.now();
  rate_lines_.clear();
  if (rest == rest_of_upload::to_drop || !keep_alive_) {
    dropping_ = true;  // read on for a moment, so that the answer is not lost in a reset
    dropped_ = 0;
    closing_ = true;
    if (!writing_) start_writer();  // ends our direction once everything is sent
  }
  resume_reading();
}

}  // namespace tp::relay
