// What a client sends: heads, pipelined ones too, and the bodies of sealed requests.
#include "base/limits.hpp"
#include "relay/front.hpp"
#include "relay/node_link.hpp"
#include "relay/routes.hpp"

namespace tp::relay {

namespace {

constexpr std::uint8_t multistream_first_byte =
    0x13;  // the length of "/multistream/1.0.0\n"; no HTTP method begins so

}  // namespace

// Whether nothing more may be read for now. A client that does not read its answers gets no further ones:
// else pipelined requests would make this side hold any number of them.
bool front::must_wait() const {
  if (exchange_.upload_blocked()) return true;
  if (exchange_.active()) return !exchange_.uploading() && !input_.empty();
  return !dropping_ && has_unsent();
}

// One read, or what to wait for before the next.
front::next front::read_once() {
  if (must_wait()) {
    if (!resumed_) resumed_ = std::make_unique<async::event>(socket_->executor());
    return next::pause;
  }
  while (has_pipelined()) {  // waited behind the request before
    const std::size_t before = input_.size();
    const next pipelined = on_head_bytes();
    if (pipelined != next::read || must_wait()) return pipelined;
    if (input_.size() == before) break;  // an incomplete head
  }
  const net::io_outcome got = socket_->try_read(shared_.read_buffer);
  if (got.status == net::io_status::would_block) return next::wait;
  if (got.status != net::io_status::done) return next::close;
  const next then = on_bytes(bytes_view(shared_.read_buffer).first(got.bytes));
  const bool drained = got.bytes < shared_.read_buffer.size() && socket_->short_read_drains();
  return then == next::read && drained && !must_wait() && !has_pipelined() ? next::wait : then;
}

front::next front::on_bytes(bytes_view data) {
  if (dropping_) return drop(data.size());
  if (exchange_.uploading()) {
    const auto used = exchange_.upload(data);
    if (!used) {
      keep_alive_ = false;
      refuse(rest_of_upload::to_drop, openai::error_answer(used.error()));
      return next::read;
    }
    data = data.subspan(*used);
  }
  if (data.empty()) return next::read;
  if (!exchange_.active() && input_.empty()) since_ = shared_.now();
  append(input_, data);
  if (exchange_.active())
    return input_.size() <= limits::http_head_bytes_max + data.size() ? next::read : next::close;
  return on_head_bytes();
}

// input_ begins with a request's head, perhaps incomplete.
front::next front::on_head_bytes() {
  if (input_.front() == multistream_first_byte) return may_become_link(peer()) ? next::libp2p : next::close;
  const auto size = codec::parse_request_head(as_chars(input_), shared_.request_head);
  if (size && *size == 0) return next::read;
  if (!size) return next::cold;  // malformed: the cold side words the refusal
  const codec::http_head& head = shared_.request_head;
  if (is_upgrade(head)) {
    const codec::ip_address from = shared_.rates.address_of(head, peer());
    return may_become_link(from) ? next::websocket : refuse_link(head);
  }
  if (!is_sealed_route(head)) return next::cold;
  return on_sealed_request(head, *size);
}

// E2EE section 8, steps 2 to 7.
front::next front::on_sealed_request(const codec::http_head& head, std::size_t head_size) {
  request_id_ = net::choose_request_id(head, shared_.with);
  keep_alive_ = head.keep_alive() && !shared_.draining;
  if (head.minor_version() == 0) {  // an answer in chunks cannot be told to it
    return refuse_request(head, head_size, openai::error_answer(openai::refusal::http_version_not_supported));
  }
  const relaycore::rate_verdict verdict = shared_.rates.take(head, peer());
  append_rate_lines(rate_lines_, verdict);
  if (verdict.refused != relaycore::limited_by::nothing) {
    shared_.count.rate_limited.add();
    return refuse_request(head, head_size, refusal_of(verdict));
  }
  const auto form = e2ee::request_form(head.find("content-type").value_or(""));
  if (!form)
    return refuse_request(head, head_size, openai::error_answer(openai::refusal::unsupported_media_type));
  const auto link = shared_.links.find(peer_of_sealed_route(head));
  if (link == shared_.links.end())
    return refuse_request(head, head_size, openai::error_answer(errc::node_not_found));
  const auto framing = codec::request_framing(head);
  if (!framing) return next::cold;
  if (framing->length > limits::request_bytes_max) {
    return refuse_request(head, head_size, openai::error_answer(openai::refusal::body_too_large));
  }
  if (shared_.draining) return refuse_request(head, head_size, openai::error_answer(errc::shutting_down));
  if (!link->second->has_slot())
    return refuse_request(head, head_size, openai::error_answer(errc::node_busy));

  const bool expects = head.has_token("expect", "100-continue");
  const bytes_view body = bytes_view(input_).subspan(head_size);
  const auto used = exchange_.start(*link->second, *form, *framing, body);
  if (!used) return refuse_request(head, head_size, openai::error_answer(used.error()));
  if (expects && exchange_.uploading() && body.empty()) send(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(head_size + *used));
  if (input_.empty()) bytes().swap(input_);  // an open stream keeps no buffer
  return next::read;
}

}  // namespace tp::relay
