// Requests of the relay routes for nodes of ours: over the link to the node, and its answer into the mailbox.
#include "base/limits.hpp"
#include "codec/json.hpp"
#include "codec/sse.hpp"
#include "relay/envelope_call.hpp"
#include "relay/v1_desk.hpp"

namespace tp::relay {

using relaycore::v1_end;

namespace {

// {"chat_history","cipherkey","iv"} and what GCM adds, perhaps with the client's key.
std::optional<relaycore::v1_answer> parse_answer(bytes_view body) {
  const auto parsed = codec::parse_json(as_chars(body), {.bytes = limits::v1_answer_body_bytes_max});
  if (!parsed || !parsed->is_object()) return std::nullopt;
  const json::object& from = parsed->get_object();
  relaycore::v1_answer out;
  const auto take = [&from](std::string_view name, std::string& to) {
    const json::string* const text = codec::find_string(from, name);
    if (text != nullptr) to = codec::text_of(*text);
    return !to.empty();
  };
  if (!take("chat_history", out.sealed.chat_history)) return std::nullopt;
  if (!take("cipherkey", out.sealed.cipherkey) || !take("iv", out.sealed.iv)) return std::nullopt;
  take("mode", out.sealed.mode);
  take("tag", out.sealed.tag);
  take("associated_data", out.sealed.associated_data);
  take("client_public_key", out.client_key);
  return out;
}

constexpr std::string_view done_event = R"({"event":"done"})";
constexpr std::string_view lost_event = R"({"event":"error","reason":"node_gone"})";

}  // namespace

asio::awaitable<void> v1_desk::push(relaycore::v1_receipt to, bytes body) {
  node_link* const link = link_of(to.peer);
  if (link == nullptr) {
    mailbox_.abandon(to.id);
    co_return;
  }
  envelope_call sent(shared_, *link);
  const auto begun = co_await sent.send(*link, body);
  bytes().swap(body);
  error_code failure = begun ? error_code() : begun.error();
  if (begun) {
    const bool streams = !to.stream_session.empty() && sent.status() == 200 && sent.is_stream();
    auto taking = streams ? take_stream(to.id, sent) : take_whole(to.id, sent);
    const auto taken = co_await std::move(taking);
    if (!taken) failure = taken.error();
  }
  if (!failure) co_return sent.finish(outcome::completed);
  shared_.with.log.debug("v1_push_failed", field("reason", failure));
  sent.finish(to_errc(failure));
  // A client that has a part of a stream is told; any other finds no answer, as the first relay had it.
  const auto told = mailbox_.push_chunk(to.id, std::string(lost_event), v1_end::final, shared_.now());
  if (!told) mailbox_.abandon(to.id);
}

async::task<void> v1_desk::take_whole(relaycore::v1_exchange_id id, envelope_call& sent) {
  if (sent.status() != 200 || !sent.is_json()) co_return errc::node_gone;
  const auto body = co_await sent.read_all(limits::v1_answer_body_bytes_max);
  if (!body) co_return body.error();
  auto answer = parse_answer(*body);
  if (!answer) co_return errc::node_gone;
  co_return mailbox_.finish(id, std::move(*answer), shared_.now());
}

// Each event of the node's answer is one chunk.
async::task<void> v1_desk::take_stream(relaycore::v1_exchange_id id, envelope_call& sent) {
  codec::sse_parser events(limits::v1_body_bytes_max);
  result<void> stored;
  const codec::sse_parser::event_sink store = [&](bytes_view data) {
    if (!stored || as_chars(data) == "[DONE]") return;
    const auto chunk = codec::parse_json(as_chars(data), {.bytes = limits::v1_body_bytes_max});
    const bool sound = chunk && (chunk->is_object() || chunk->is_string());
    if (!sound) {
      stored = errc::node_gone;
    } else {
      stored = mailbox_.push_chunk(id, codec::to_text(*chunk), v1_end::open, shared_.now());
    }
  };
  bytes piece(16U << 10);
  for (;;) {  // bounded by the call's deadline and the mailbox
    const auto size = co_await sent.read_some(piece);
    if (!size) co_return size.error();
    if (*size == 0) break;
    const auto pushed = events.push(bytes_view(piece).first(*size), store);
    if (!pushed) co_return pushed.error();
    if (!stored) co_return stored.error();
  }
  co_return mailbox_.push_chunk(id, std::string(done_event), v1_end::final, shared_.now());
}

}  // namespace tp::relay
