// Bodies of the first token.place's routes: every parser answers with a value or a refusal it knows, and what
// it took goes through mailbox and answers as JSON that can be read again.
#include "relaycore/v1_routes_json.hpp"

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "codec/json.hpp"
#include "relaycore/v1_mailbox.hpp"

namespace {

using namespace tp;
using namespace tp::relaycore;

void is_json(const v1_reply& reply) {
  TP_ASSERT(reply.status >= 200 && reply.status < 600);
  const auto body = codec::parse_json(reply.body, {.bytes = 4 * limits::v1_answer_body_bytes_max});
  TP_ASSERT(body && body->is_object());
}

template <class T>
bool known(v1_route route, const result<T>& parsed) {
  if (parsed) return true;
  const errc failure = to_errc(parsed.error());
  TP_ASSERT(failure == errc::too_large || failure == errc::invalid_argument ||
            failure == errc::field_invalid);
  const v1_reply reply = v1_refusal(route, failure);
  TP_ASSERT(reply.status == 400 || reply.status == 413);
  is_json(reply);
  return false;
}

// Node and client of the request exchange one message, and one more as a stream.
void deliver(const v1_request& request) {
  seeded_random random(1);
  v1_mailbox mailbox({}, random);
  const steady_time now(std::chrono::hours(1));
  const v1_poll poll{request.server_key, 2, true};
  TP_ASSERT(mailbox.poll(poll, "node", now));
  TP_ASSERT(mailbox.post(request, "client", now));
  const auto work = mailbox.poll(poll, "node", now);
  TP_ASSERT(work && work->work.size() == 1 && work->work[0].sealed == request.sealed);
  is_json(v1_sink_reply(poll, *work));
  const std::string client = request.client_key.empty() ? "named" : request.client_key;
  if (request.form == v1_form::stream) {
    const v1_chunk chunk{work->work[0].stream_session, "{}", v1_end::final};
    TP_ASSERT(mailbox.chunk(chunk, "node", now));
    is_json(v1_stream_retrieve_reply(mailbox.retrieve_stream(client, now)));
  } else {
    TP_ASSERT(mailbox.answer({client, request.sealed}, "node", now));
    is_json(v1_retrieve_reply(mailbox.retrieve(client, now)));
  }
  TP_ASSERT(mailbox.counts().exchanges == 0 && mailbox.counts().bytes == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = as_chars({data, size});
  const auto request = parse_v1_faucet(body);
  if (known(v1_route::faucet, request)) deliver(*request);
  const auto poll = parse_v1_sink(body);
  if (known(v1_route::sink, poll)) TP_ASSERT(poll->batch >= 1 && poll->batch <= limits::v1_batch_max);
  const auto answer = parse_v1_source(body);
  if (known(v1_route::source, answer)) TP_ASSERT(!answer->client_key.empty());
  const auto chunk = parse_v1_stream_source(body);
  if (known(v1_route::stream_source, chunk)) {
    is_json(v1_stream_retrieve_reply(v1_chunks{chunk->session, {chunk->json, chunk->json}, chunk->end}));
  }
  for (const v1_route route : {v1_route::retrieve, v1_route::unregister, v1_route::stream_retrieve}) {
    const auto key = parse_v1_key(route, body);
    if (known(route, key)) TP_ASSERT(!key->empty());
  }
  TP_ASSERT(v1_wait(body, body) <= limits::v1_wait_max);
  return 0;
}
