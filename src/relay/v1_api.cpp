// The first API's encrypted requests (COMPAT sections 3 and 4): the key of a node, and the way to that node.
#include "base/limits.hpp"
#include "codec/json.hpp"
#include "openai/json_scan.hpp"
#include "relay/answers.hpp"
#include "relay/envelope_call.hpp"
#include "relay/v1_desk.hpp"

namespace tp::relay {

namespace {

openai::api_error no_v1_node() {
  openai::api_error error = openai::error_answer(errc::node_busy);
  error.code = "no_servers_available";
  error.type = "service_unavailable_error";
  error.message = "No node with a key for encrypted requests of this kind is connected. Try again later.";
  return error;
}

// A node that cannot open an envelope says so in one way (COMPAT section 3); it may be for another.
bool is_encryption_error(bytes_view body) {
  const auto parsed = codec::parse_json(as_chars(body), {.bytes = limits::clear_error_bytes_max});
  if (!parsed || !parsed->is_object()) return false;
  const json::object* const error = codec::find_object(parsed->get_object(), "error");
  const json::string* const type = error == nullptr ? nullptr : codec::find_string(*error, "type");
  return type != nullptr && codec::text_of(*type) == "encryption_error";
}

codec::http_fields fields_for_client(const envelope_call& sent, const relaycore::rate_verdict& verdict) {
  codec::http_fields fields{{"Cache-Control", "no-store"},
                            {"Access-Control-Allow-Origin", "*"},
                            {"Access-Control-Expose-Headers", "retry-after, x-request-id"},
                            {"X-Token-Place-Privacy", "sealed"}};
  static_cast<void>(fields.add("Content-Type", sent.media_type()));
  add_rate_fields(fields, verdict);
  return fields;
}

}  // namespace

v1_api_marks find_v1_marks(std::string_view body) {
  v1_api_marks out;
  openai::json_cursor at(body);
  at.each_member([&](std::string_view key) {
    const std::size_t from = at.position();
    const char first = at.peek();
    at.skip_value();
    if (at.failed()) return;
    if (key == "encrypted") out.encrypted = first == 't';
    if (key != "server_public_key" || first != '"') return;
    const auto text =
        codec::parse_json(body.substr(from, at.position() - from), {.bytes = limits::v1_key_text_max});
    if (text && text->is_string()) out.server_key = codec::text_of(text->get_string());
  });
  return at.failed() ? v1_api_marks() : out;
}

// The same node's key again for a client that has one, so that its requests find the way.
asio::awaitable<void> v1_desk::serve_public_key(codec::ip_address peer, net::http_exchange& call) {
  const std::string client = shared_.rates.client_of(call.request(), peer);
  std::string chosen = keys_.handed_before(client);
  const node_link* const before = link_of(chosen);
  if (before == nullptr || !before->has_slot()) {
    for (const std::string& each : keys_.in_turn()) {
      const node_link* const link = link_of(each);
      if (link == nullptr || (!chosen.empty() && !link->has_slot())) continue;
      chosen = each;
      if (link->has_slot()) break;
    }
  }
  const std::string* const key = keys_.key_of(chosen);
  if (key == nullptr) co_return co_await respond(call, no_v1_node());
  keys_.remember(client, chosen);
  co_await respond_json(call, 200, "{\"public_key\":\"" + *key + "\"}");
}

asio::awaitable<void> v1_desk::serve_encrypted(codec::ip_address peer, net::http_exchange& call, bytes body,
                                               std::string server_key, counted verdict) {
  if (shared_.draining) {
    co_return co_await respond_counted(call, openai::error_answer(errc::shutting_down), verdict);
  }
  std::vector<std::string> candidates;
  openai::api_error refusal = no_v1_node();
  if (server_key.empty()) {
    candidates = keys_.candidates(shared_.rates.client_of(call.request(), peer));
  } else if (const std::string* const named = keys_.peer_of(server_key)) {
    candidates.push_back(*named);
  } else {
    refusal = openai::error_answer(errc::node_not_found);
  }
  while (!candidates.empty()) {
    node_link* const link = link_of(candidates.front());
    candidates.erase(candidates.begin());
    if (link == nullptr) continue;
    if (!link->has_slot()) {
      refusal = openai::error_answer(errc::node_busy);
      continue;
    }
    envelope_call sent(shared_, *link);
    const auto begun = co_await sent.send(*link, body);
    if (!begun) {
      sent.finish(to_errc(begun.error()));
      co_return co_await respond_counted(call, openai::error_answer(begun.error()), verdict);
    }
    if (sent.status() == 200) co_return co_await pass_on(call, sent, verdict);
    // An error is small, so it is taken whole and looked at before the client sees any of it.
    const auto said = co_await sent.read_all(limits::clear_error_bytes_max);
    const bool sound = said && sent.status() >= 400 && sent.is_json();
    const int status = sent.status();
    sent.finish(sound ? outcome::refused : outcome::node_gone);
    if (!sound) co_return co_await respond_counted(call, openai::error_answer(errc::node_gone), verdict);
    if (status == 400 && !candidates.empty() && is_encryption_error(*said)) continue;
    co_return co_await respond_counted_json(call, status, std::string(as_chars(*said)), verdict);
  }
  co_await respond_counted(call, std::move(refusal), verdict);
}

// Bytes as they come, whole or streamed.
asio::awaitable<void> v1_desk::pass_on(net::http_exchange& call, envelope_call& sent, counted verdict) {
  if (sent.media_type().empty()) {
    sent.finish(outcome::node_gone);
    co_return co_await respond_counted(call, openai::error_answer(errc::node_gone), verdict);
  }
  const codec::http_fields fields = fields_for_client(sent, verdict);
  const auto begun = co_await call.begin(200, fields);
  if (!begun) co_return;
  bytes piece(16U << 10);
  for (;;) {  // bounded by the call's deadline
    const auto size = co_await sent.read_some(piece);
    if (!size) co_return sent.finish(to_errc(size.error()));  // cuts the client's connection: no clean end
    if (*size == 0) break;
    const auto passed = co_await call.write(bytes_view(piece).first(*size));
    if (!passed) co_return;
  }
  sent.finish(outcome::completed);
  const auto ended = co_await call.end();
  static_cast<void>(ended);
}

}  // namespace tp::relay
