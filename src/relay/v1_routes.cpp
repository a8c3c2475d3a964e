// The first token.place's relay routes (COMPAT section 2): each reads its body, asks the mailbox, answers.
#include "base/limits.hpp"
#include "codec/hex.hpp"
#include "crypto/hash.hpp"
#include "relay/answers.hpp"
#include "relay/node_link.hpp"
#include "relay/v1_desk.hpp"

namespace tp::relay {

using relaycore::v1_refusal;
using relaycore::v1_reply;
using relaycore::v1_route;

namespace {

asio::awaitable<void> reply(net::http_exchange& call, v1_reply with) {
  return respond_json(call, with.status, std::move(with.body));
}

asio::awaitable<void> refuse(net::http_exchange& call, v1_route route, const error_code& why) {
  return reply(call, v1_refusal(route, to_errc(why)));
}

async::deadline wait_of(const codec::http_head& request) {
  const std::string_view prefer = request.find("prefer").value_or("");
  return async::deadline::after(relaycore::v1_wait(prefer, request.query()));
}

constexpr std::string_view token_field = "x-relay-server-token";

bool is_for_nodes(v1_route route) {
  return route == v1_route::sink || route == v1_route::source || route == v1_route::stream_source ||
         route == v1_route::unregister;
}

// The key that is all these routes' bodies hold.
async::task<std::string> key_in_body(net::http_exchange& call, v1_route route) {
  const auto body = co_await call.read_body(relaycore::body_bytes_max(route));
  if (!body) co_return body.error();
  co_return relaycore::parse_v1_key(route, as_chars(*body));
}

}  // namespace

// With tokens, a node is its address and its token: two behind one address with different ones are two.
bool v1_desk::has_token(const codec::http_head& request, std::string& origin) const {
  if (shared_.config.server_tokens.empty()) return true;
  const auto shown = request.find(token_field);
  if (!shown) return false;
  const crypto::digest digest = crypto::sha256(as_bytes(*shown));
  bool known = false;
  for (const crypto::digest& each : shared_.config.server_tokens) {
    known = crypto::equal_in_constant_time(each, digest) || known;
  }
  origin.append("#").append(codec::hex_encode(digest));
  return known;
}

asio::awaitable<void> v1_desk::serve(v1_route route, codec::ip_address peer, net::http_exchange& call) {
  const codec::http_head& request = call.request();
  if (request.method() != relaycore::method_of(route)) {
    co_return co_await respond_wrong_method(call, std::string(relaycore::method_of(route)));
  }
  std::string client = shared_.rates.client_of(request, peer);
  if (is_for_nodes(route) && !has_token(request, client)) {
    co_return co_await reply(call, v1_refusal(route, errc::permission_denied));
  }
  switch (route) {
    case v1_route::next_server:
      co_return co_await reply(call, relaycore::v1_next_server_reply(mailbox_.next_server(shared_.now())));
    case v1_route::faucet: {
      const relaycore::rate_verdict verdict = shared_.rates.take(request, peer);
      co_return co_await faucet(call, std::move(client), verdict);
    }
    case v1_route::sink:
      co_return co_await sink(call, std::move(client));
    case v1_route::source:
      co_return co_await source(call, std::move(client));
    case v1_route::retrieve:
      co_return co_await retrieve(call);
    case v1_route::unregister:
      co_return co_await unregister(call, std::move(client));
    case v1_route::stream_source:
      co_return co_await stream_source(call, std::move(client));
    case v1_route::stream_retrieve:
      co_return co_await stream_retrieve(call);
  }
}

asio::awaitable<void> v1_desk::faucet(net::http_exchange& call, std::string client, counted verdict) {
  constexpr v1_route route = v1_route::faucet;
  if (verdict.refused != relaycore::limited_by::nothing) {
    shared_.count.rate_limited.add();
    co_return co_await respond_counted(call, refusal_of(verdict), verdict);
  }
  auto body = co_await call.read_body(relaycore::body_bytes_max(route));
  if (!body) co_return co_await refuse(call, route, body.error());
  auto request = relaycore::parse_v1_faucet(as_chars(*body));
  v1_reply answer = relaycore::v1_faucet_reply();
  if (!request) {
    answer = v1_refusal(route, to_errc(request.error()));
  } else if (shared_.draining) {
    co_return co_await respond_counted(call, openai::error_answer(errc::shutting_down), verdict);
  } else {
    auto receipt = mailbox_.post(std::move(*request), client, shared_.now());
    if (!receipt) answer = v1_refusal(route, to_errc(receipt.error()));
    if (receipt && !receipt->peer.empty()) {
      node_link* const link = link_of(receipt->peer);
      const bool started =
          link != nullptr && link->has_slot() &&
          shared_.tasks.spawn([](v1_desk* self, relaycore::v1_receipt to,
                                 bytes sealed) { return self->push(std::move(to), std::move(sealed)); },
                              this, *receipt, std::move(*body));
      if (!started) {
        mailbox_.abandon(receipt->id);
        answer = v1_refusal(route, link == nullptr ? errc::node_not_found : errc::node_busy);
      }
    }
  }
  co_await respond_counted_json(call, answer.status, std::move(answer.body), verdict);
}

asio::awaitable<void> v1_desk::sink(net::http_exchange& call, std::string origin) {
  const async::deadline until = wait_of(call.request());
  const auto body = co_await call.read_body(relaycore::body_bytes_max(v1_route::sink));
  if (!body) co_return co_await refuse(call, v1_route::sink, body.error());
  auto asked = relaycore::parse_v1_sink(as_chars(*body));
  if (!asked) co_return co_await refuse(call, v1_route::sink, asked.error());
  for (;;) {  // until there is work, or the time is over
    auto told = mailbox_.poll(*asked, origin, shared_.now());
    if (!told) co_return co_await refuse(call, v1_route::sink, told.error());
    const bool done = !told->work.empty() || !told->challenge.empty() || shared_.draining;
    if (done || until.passed() || !nodes_.has_room(asked->server_key)) {
      co_return co_await reply(call, relaycore::v1_sink_reply(*asked, *told));
    }
    mailbox_.node_waits(asked->server_key, origin, until.when());
    asked->challenge_response.clear();  // it was used
    v1_waits::place place(nodes_, asked->server_key, shared_.tasks_executor);
    const auto woken = co_await place.wait(until);
    if (!woken) co_return;
  }
}

asio::awaitable<void> v1_desk::source(net::http_exchange& call, std::string origin) {
  const auto body = co_await call.read_body(relaycore::body_bytes_max(v1_route::source));
  if (!body) co_return co_await refuse(call, v1_route::source, body.error());
  auto sent = relaycore::parse_v1_source(as_chars(*body));
  if (!sent) co_return co_await refuse(call, v1_route::source, sent.error());
  const auto taken = mailbox_.answer(std::move(*sent), origin, shared_.now());
  if (!taken) co_return co_await refuse(call, v1_route::source, taken.error());
  co_await reply(call, relaycore::v1_source_reply());
}

async::task<void> v1_desk::wait_for_mail(const std::string& client_key, async::deadline until) {
  v1_waits::place place(clients_, client_key, shared_.tasks_executor);
  co_return co_await place.wait(until);
}

asio::awaitable<void> v1_desk::retrieve(net::http_exchange& call) {
  const async::deadline until = wait_of(call.request());
  const auto key = co_await key_in_body(call, v1_route::retrieve);
  if (!key) co_return co_await refuse(call, v1_route::retrieve, key.error());
  for (;;) {  // until there is an answer, or the time is over
    const auto answer = mailbox_.retrieve(*key, shared_.now());
    if (answer || until.passed() || shared_.draining || !clients_.has_room(*key)) {
      co_return co_await reply(call, relaycore::v1_retrieve_reply(answer));
    }
    const auto woken = co_await wait_for_mail(*key, until);
    if (!woken) co_return;
  }
}

asio::awaitable<void> v1_desk::stream_retrieve(net::http_exchange& call) {
  const async::deadline until = wait_of(call.request());
  const auto key = co_await key_in_body(call, v1_route::stream_retrieve);
  if (!key) co_return co_await refuse(call, v1_route::stream_retrieve, key.error());
  for (;;) {  // until there is a chunk, or the time is over
    const auto chunks = mailbox_.retrieve_stream(*key, shared_.now());
    const bool news = chunks && (!chunks->json.empty() || chunks->end == relaycore::v1_end::final);
    if (news || until.passed() || shared_.draining || !clients_.has_room(*key)) {
      co_return co_await reply(call, relaycore::v1_stream_retrieve_reply(chunks));
    }
    const auto woken = co_await wait_for_mail(*key, until);
    if (!woken) co_return;
  }
}

asio::awaitable<void> v1_desk::unregister(net::http_exchange& call, std::string origin) {
  const auto key = co_await key_in_body(call, v1_route::unregister);
  if (!key) co_return co_await refuse(call, v1_route::unregister, key.error());
  const bool removed = mailbox_.unregister(*key, origin);
  const auto said = removed ? relaycore::v1_removed::yes : relaycore::v1_removed::no;
  co_await reply(call, relaycore::v1_unregister_reply(said));
}

asio::awaitable<void> v1_desk::stream_source(net::http_exchange& call, std::string origin) {
  const auto body = co_await call.read_body(relaycore::body_bytes_max(v1_route::stream_source));
  if (!body) co_return co_await refuse(call, v1_route::stream_source, body.error());
  auto sent = relaycore::parse_v1_stream_source(as_chars(*body));
  if (!sent) co_return co_await refuse(call, v1_route::stream_source, sent.error());
  const relaycore::v1_end end = sent->end;
  const auto taken = mailbox_.chunk(std::move(*sent), origin, shared_.now());
  if (!taken) co_return co_await refuse(call, v1_route::stream_source, taken.error());
  co_await reply(call, relaycore::v1_stream_source_reply(end));
}

}  // namespace tp::relay
