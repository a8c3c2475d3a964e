// What clients may not do, the answer each gets, and that nobody else is hurt.
#include "scenario/raw_client.hpp"
#include "scenario/raw_node.hpp"

namespace tp::scenario {
namespace {

constexpr std::string_view body_text =
    R"({"model":"mock-model","messages":[{"role":"user","content":"hi"}]})";

class refusals : public house {
 protected:
  raw_answer post(const std::string& request) {
    raw_client one(loop, relay_->port());
    one.send(request);
    return one.answer();
  }
  // A node that hears every request to its end and says nothing: our own refuses nonsense at its first bytes.
  std::unique_ptr<raw_node> silent_node() {
    auto made = std::make_unique<raw_node>(loop, relay_->url(), ++seed_);
    EXPECT_EQ(made->put(made->record(1)), 200);
    made->then = after_answer::stay;
    return made;
  }
  bytes envelope() { return client().seal(first().peer(), body_text); }
};

TEST_F(refusals, a_declared_body_over_the_limit_is_refused_unread) {
  furnish();
  raw_client one(loop, relay_->port());
  one.send(sealed_head(first().peer(), "Content-Length: 8388609\r\n"));
  const raw_answer refused = one.answer();
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.code(), "body_too_large");
  EXPECT_TRUE(one.closed());
  EXPECT_TRUE(still_works());
}

TEST_F(refusals, a_chunked_body_is_refused_where_it_passes_the_limit) {
  furnish();
  const auto patient = silent_node();
  raw_client one(loop, relay_->port());
  one.send(sealed_head(patient->peer(), "Transfer-Encoding: chunked\r\n"));
  const std::string chunk = "10000\r\n" + std::string(65'536, 'x') + "\r\n";
  std::string all;
  for (int i = 0; i < 129; ++i) all += chunk;  // 8 MiB and 64 KiB
  one.send(all);
  const raw_answer refused = one.answer();
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.code(), "body_too_large");
  EXPECT_EQ(patient->requests, 1U);
  EXPECT_TRUE(still_works());
}

TEST_F(refusals, an_upload_that_stalls_is_request_timeout) {
  relay::settings config = quick_relay();
  config.time.upload = 60ms;
  furnish({}, std::move(config));
  const auto patient = silent_node();
  raw_client one(loop, relay_->port());
  one.send(sealed_head(patient->peer(), "Content-Length: 1000\r\n") + "only this");
  const raw_answer refused = one.answer();
  EXPECT_EQ(refused.status, 408);
  EXPECT_EQ(refused.code(), "request_timeout");
  EXPECT_TRUE(one.closed());
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_total{outcome=\"timed_out\"}"), 1);
}

TEST_F(refusals, a_head_that_stalls_is_request_timeout_and_an_idle_connection_is_closed) {
  relay::settings config = quick_relay();
  config.time.head = 60ms;
  config.time.idle = 60ms;
  furnish({}, std::move(config));
  raw_client half(loop, relay_->port()), idle(loop, relay_->port());
  half.send(std::string("POST /api/v2/nodes/half HTTP/1.1\r\nHost:"));
  const raw_answer refused = half.answer();
  EXPECT_EQ(refused.status, 408);
  EXPECT_EQ(refused.code(), "request_timeout");
  EXPECT_TRUE(refused.fields.find("x-request-id"));
  EXPECT_EQ(refused.fields.find("connection"), "close");
  EXPECT_TRUE(half.closed());
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(idle.input().empty());
}

TEST_F(refusals, a_node_that_answers_nothing_is_deadline_exceeded) {
  relay::settings config = quick_relay();
  config.time.first_head = 60ms;
  furnish({.script = R"([{"fault":"hang"}])"}, std::move(config));
  raw_client one(loop, relay_->port());
  one.send(sealed_post(first().peer(), envelope()));
  const raw_answer late = one.answer();
  EXPECT_EQ(late.status, 504);
  EXPECT_EQ(late.code(), "deadline_exceeded");
  EXPECT_TRUE(until([&] { return first().engine().calls_under_way() == 0; })) << "the node is told";
  one.send(std::string("GET /livez HTTP/1.1\r\nHost: relay\r\n\r\n"));
  EXPECT_EQ(one.answer().status, 200) << "the upload was whole, so the connection is good";
}

TEST_F(refusals, a_node_that_falls_silent_or_takes_for_ever_is_cut_without_a_clean_end) {
  const std::string streamed =
      R"({"model":"mock-model","stream":true,"messages":[{"role":"user","content":"hi"}]})";
  relay::settings silence = quick_relay(), whole_call = quick_relay();
  silence.time.silence = 100ms;
  whole_call.time.call = 200ms;
  for (const relay::settings& config : {silence, whole_call}) {
    furnish({.script = R"([{"fault":"hang","after":2}])"}, config);
    {
      raw_client one(loop, relay_->port());
      one.send(sealed_post(first().peer(), client().seal(first().peer(), streamed)));
      const raw_answer cut = one.answer();
      EXPECT_EQ(cut.status, 200);
      EXPECT_FALSE(cut.complete);
      EXPECT_TRUE(until([&] { return first().engine().calls_under_way() == 0; })) << "the node is told";
    }
    clients_.clear();
    nodes_.clear();
  }
}

TEST_F(refusals, a_replayed_request_is_told_so_and_not_worked_on) {
  furnish();
  const bytes sealed = envelope();
  EXPECT_EQ(post(sealed_post(first().peer(), sealed)).status, 200);
  const raw_answer again = post(sealed_post(first().peer(), sealed));
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.code(), "request_replayed");
  EXPECT_EQ(first().engine().calls(), 1U);
}

TEST_F(refusals, a_changed_byte_anywhere_is_refused) {
  furnish();
  const bytes sealed = envelope();
  for (const std::size_t at : {std::size_t{8}, std::size_t{40}, sealed.size() / 2, sealed.size() - 1}) {
    bytes changed = sealed;
    changed[at] ^= 1U;
    const raw_answer refused = post(sealed_post(first().peer(), changed));
    EXPECT_EQ(refused.status, 400) << at;
    EXPECT_EQ(refused.code(), "envelope_invalid") << at;
  }
  bytes short_one = sealed;
  short_one.pop_back();
  EXPECT_EQ(post(sealed_post(first().peer(), short_one)).code(), "envelope_invalid");
  bytes other_key = sealed;
  other_key[0] ^= 1U;
  const raw_answer unknown = post(sealed_post(first().peer(), other_key));
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.code(), "ohttp_key");
  EXPECT_EQ(unknown.fields.find("content-type"), "application/problem+json");
  EXPECT_EQ(first().engine().calls(), 0U);
  EXPECT_EQ(post(sealed_post(first().peer(), sealed)).status, 200) << "the untouched one is still good";
}

TEST_F(refusals, the_head_decides_before_the_body_is_looked_at) {
  furnish();
  const std::string peer = first().peer().text();
  const std::string route = "/api/v2/nodes/" + peer + "/ohttp";
  const std::string type =
      "Content-Type: " + std::string(e2ee::request_media_type(e2ee::form::chunked)) + "\r\n";
  const std::string none = "Content-Length: 0\r\n\r\n";
  struct row {
    std::string request;
    int status;
    std::string code;
  };
  const row rows[] = {
      {"POST " + route + " HTTP/1.1\r\nHost: r\r\nContent-Type: application/json\r\n" + none, 415,
       "unsupported_media_type"},
      {"POST " + route + " HTTP/1.1\r\nHost: r\r\n" + none, 415, "unsupported_media_type"},
      {"POST /api/v2/nodes/12D3KooWnobody/ohttp HTTP/1.1\r\nHost: r\r\n" + type + none, 404,
       "node_not_found"},
      {"GET " + route + " HTTP/1.1\r\nHost: r\r\n\r\n", 405, "method_not_allowed"},
      {"PUT /api/v2/nodes/" + peer + " HTTP/1.1\r\nHost: r\r\n" + none, 405, "method_not_allowed"},
      {"POST /nothing HTTP/1.1\r\nHost: r\r\n" + none, 404, "not_found"},
      {"POST /v1/chat/completions HTTP/1.1\r\nHost: r\r\n" + none, 503, "gateway_not_configured"},
      {"POST " + route + " HTTP/1.0\r\nHost: r\r\n" + type + none, 505, "http_version_not_supported"},
  };
  for (const row& each : rows) {
    const raw_answer out = post(each.request);
    EXPECT_EQ(out.status, each.status) << each.code;
    EXPECT_EQ(out.code(), each.code);
    EXPECT_TRUE(out.fields.find("x-request-id").has_value()) << each.code;
  }
  EXPECT_EQ(first().engine().calls(), 0U);
}

TEST_F(refusals, an_http_1_0_client_gets_its_page_and_the_end) {
  furnish();
  raw_client one(loop, relay_->port());
  one.send(std::string("GET /livez HTTP/1.0\r\n\r\n"));
  const raw_answer out = one.answer();
  EXPECT_EQ(out.status, 200);
  EXPECT_TRUE(out.complete);
  EXPECT_TRUE(one.closed());
}

TEST_F(refusals, malformed_http_is_answered_and_closed) {
  furnish();
  const std::string route = "POST /api/v2/nodes/" + first().peer().text() +
                            "/ohttp HTTP/1.1\r\nHost: r\r\nContent-Type: " +
                            std::string(e2ee::request_media_type(e2ee::form::chunked)) + "\r\n";
  const std::string requests[] = {
      "NONSENSE\r\n\r\n",
      "GET / HTTP/1.1\nHost: r\n\n",
      "GET /\x01 HTTP/1.1\r\nHost: r\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : r\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: r\r\n folded\r\n\r\n",
      "GET / HTTP/2.7\r\nHost: r\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: r\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n",
      route + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      route + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      route + "Content-Length: -1\r\n\r\n",
      route + "Transfer-Encoding: gzip\r\n\r\n",
      route + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      route + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
  };
  for (const std::string& request : requests) {
    raw_client one(loop, relay_->port());
    one.send(request);
    const raw_answer out = one.answer();
    EXPECT_GE(out.status, 400);
    EXPECT_LT(out.status, 600);
    EXPECT_NE(out.code(), "not JSON");
    EXPECT_TRUE(one.closed());
  }
  EXPECT_EQ(first().engine().calls(), 0U);
  EXPECT_TRUE(still_works());
}

TEST_F(refusals, garbage_where_a_session_should_be_ends_that_connection_only) {
  furnish();
  const std::string upgrade =
      "GET /p2p HTTP/1.1\r\nHost: r\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
      "13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  const std::string masked_hello("\x82\x86\0\0\0\0\x05hello", 12);  // a binary message that is no multistream
  const std::string multistream("\x13/multistream/1.0.0\n", 20);
  const std::string noise("\x07/noise\n", 8);
  const std::string conversations[] = {
      "GET /p2p HTTP/1.1\r\nHost: r\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",  // no key
      upgrade + std::string("\xff\x80\0\0\0\0", 6),                                         // reserved bits
      upgrade + std::string("\x82\x05hello", 7),                                            // not masked
      upgrade + std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14),        // a huge message
      upgrade + masked_hello,
      multistream + std::string("\x03na\n", 4) + std::string(200, '\x01'),
      multistream + noise + std::string("\x00\x00", 2),                             // an empty Noise message
      multistream + noise + std::string("\xff\xff", 2) + std::string(65'535, 'x'),  // one of the largest size
      multistream + noise + std::string("\x00\x20", 2) + std::string(32, '\0'),     // a key of low order
      std::string("\x13garbage that is longer than nineteen bytes, whatever it is"),
  };
  int row = 0;
  for (const std::string& bytes_of : conversations) {
    raw_client one(loop, relay_->port());
    one.send(bytes_of);
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(one.closed());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s)
        << row << ": it waited for more where nothing could help";
    ++row;
  }
  EXPECT_TRUE(until([&] { return relay_->metric("token_place_relay_links") == 1; }));
  EXPECT_TRUE(first().serving());
  EXPECT_TRUE(still_works());
}

TEST_F(refusals, a_half_open_connection_counts_as_gone) {
  furnish({.script = R"([{"fault":"hang"}])"});
  raw_client one(loop, relay_->port());
  one.send(sealed_post(first().peer(), envelope()));
  ASSERT_TRUE(until([&] { return first().engine().calls_under_way() == 1; }));
  one.end_writing();
  EXPECT_TRUE(until([&] { return first().engine().calls_under_way() == 0; }, 1s));
}

TEST_F(refusals, one_that_leaves_with_a_request_still_waiting_counts_as_gone_too) {
  furnish({.script = R"([{"fault":"hang"}])"});
  raw_client one(loop, relay_->port());
  one.send(sealed_post(first().peer(), envelope()) + "GET /livez HTTP/1.1\r\nHost: relay\r\n\r\n");
  ASSERT_TRUE(until([&] { return first().engine().calls_under_way() == 1; }));
  one.end_writing();
  EXPECT_TRUE(until([&] { return first().engine().calls_under_way() == 0; }, 1s));
}

TEST_F(refusals, more_connections_than_allowed_are_closed_and_the_rest_works) {
  relay::settings config = quick_relay();
  config.connections_max = 4;  // the node's link is one of them
  furnish({}, std::move(config));
  raw_client a(loop, relay_->port()), b(loop, relay_->port());
  ASSERT_TRUE(until([&] { return relay_->metric("token_place_relay_connections") == 3; }));
  EXPECT_TRUE(still_works());
  clients_.clear();
  ASSERT_TRUE(until([&] { return relay_->metric("token_place_relay_connections") == 3; }));
  raw_client c(loop, relay_->port()), too_many(loop, relay_->port());
  EXPECT_TRUE(too_many.closed());
  a.send(std::string("GET /livez HTTP/1.1\r\nHost: r\r\n\r\n"));
  EXPECT_EQ(a.answer().status, 200);
}

}  // namespace
}  // namespace tp::scenario
