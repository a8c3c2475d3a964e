// The usual day: sealed chats, streamed and whole, many at once, through library and gateway.
#include "scenario/raw_client.hpp"

namespace tp::scenario {
namespace {

using client::answer_origin;

constexpr std::string_view slow_reply =
    R"([{"match":"slow","reply":"one two three four five six","delay_ms_between":20},
        {"match":"endless","reply":"one two three","delay_ms_between":60000}])";

class chats : public house {};

TEST_F(chats, a_sealed_chat_streams_token_by_token) {
  furnish({.script = std::string(slow_reply)});
  const auto slow = client().start({.says = "slow"});
  ASSERT_TRUE(until([&] { return slow->pieces == 1; }));
  EXPECT_FALSE(slow->done);
  EXPECT_EQ(slow->status, 200);
  EXPECT_TRUE(slow->has("one"));
  EXPECT_FALSE(slow->has("two")) << "the first token is here before the second is made";
  ASSERT_TRUE(until([&] { return slow->done; }));
  EXPECT_EQ(slow->error, errc::ok);
  EXPECT_EQ(slow->origin, answer_origin::node);
  EXPECT_GE(slow->pieces, 5U) << "each token travels alone";
  EXPECT_TRUE(slow->has("six"));
  EXPECT_TRUE(slow->text.ends_with("data: [DONE]\n\n"));
}

TEST_F(chats, a_whole_answer_comes_whole) {
  furnish();
  const auto whole = talk({.stream = false});
  EXPECT_EQ(whole->error, errc::ok);
  EXPECT_EQ(whole->status, 200);
  EXPECT_TRUE(whole->has("The capital of France is Paris."));
  EXPECT_FALSE(whole->has("data:"));
}

TEST_F(chats, the_relay_counts_what_passed_and_holds_nothing_afterwards) {
  furnish();
  for (int round = 0; round < 3; ++round) talk();
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_total{outcome=\"completed\"}"), 3);
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_open"), 0);
  EXPECT_EQ(first().engine().calls(), 3U);
  EXPECT_TRUE(until([&] { return first().engine().calls_under_way() == 0; }));
}

TEST_F(chats, two_hundred_streams_at_once_all_end_well) {
  furnish({.script = std::string(slow_reply), .concurrency = 200});
  std::vector<std::shared_ptr<chat>> all;
  for (int i = 0; i < 200; ++i) all.push_back(client().start({.says = "slow"}));
  const auto all_done = [&] {
    return std::all_of(all.begin(), all.end(), [](const auto& each) { return each->done; });
  };
  ASSERT_TRUE(until(all_done, 30s));
  for (const auto& each : all) {
    ASSERT_EQ(each->error, errc::ok);
    ASSERT_EQ(each->status, 200);
    ASSERT_TRUE(each->has("six") && each->has("[DONE]"));
  }
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_open"), 0);
}

TEST_F(chats, two_hundred_open_streams_can_wait_and_leave_together) {
  furnish({.script = std::string(slow_reply), .concurrency = 200});
  std::vector<std::shared_ptr<chat>> all;
  for (int i = 0; i < 200; ++i) all.push_back(client().start({.says = "endless"}));
  const auto all_begun = [&] {
    return std::all_of(all.begin(), all.end(), [](const auto& each) { return each->pieces == 1; });
  };
  ASSERT_TRUE(until(all_begun, 30s));
  EXPECT_EQ(first().engine().calls_under_way(), 200U);
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_open"), 200);
  for (const auto& each : all) each->answer->abort();
  EXPECT_TRUE(until([&] { return first().engine().calls_under_way() == 0; }, 30s));
  EXPECT_TRUE(until([&] { return relay_->metric("token_place_relay_exchanges_open") == 0; }));
  EXPECT_TRUE(still_works());
}

TEST_F(chats, an_openai_program_streams_through_the_gateway) {
  furnish({.script = std::string(slow_reply)});
  client::gateway gate(client().calls, client().nodes, {}, client().own.with);
  const net::http_handler handler = [&gate](net::http_exchange& exchange) { return gate.handle(exchange); };
  auto server = net::http_listener::open(loop.get_executor(), {}, handler, {}, nullptr, client().own.with);
  ASSERT_TRUE(server.has_value());
  async::task_scope serving(loop.get_executor());
  serving.spawn([](net::http_listener* of) { return of->run(); }, server->get());
  {
    raw_client program(loop, (*server)->port());
    const std::string body =
        R"({"model":"mock-model","stream":true,"messages":[{"role":"user","content":"slow"}]})";
    program.send(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nContent-Type: "
        "application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
    ASSERT_TRUE(program.read_until("one"));
    EXPECT_EQ(program.input().find("six"), std::string::npos);
    const raw_answer whole = program.answer();
    EXPECT_EQ(whole.status, 200);
    EXPECT_TRUE(whole.complete);
    EXPECT_EQ(whole.fields.find("x-token-place-privacy"), "sealed");
    EXPECT_NE(whole.body.find("[DONE]"), std::string::npos);
  }
  serving.cancel();
  async::run(loop, serving.join());
}

TEST_F(chats, one_connection_serves_hot_and_cold_routes_in_turn) {
  furnish();
  raw_client one(loop, relay_->port());
  const std::string body = R"({"model":"mock-model","messages":[{"role":"user","content":"hi"}]})";
  for (int round = 0; round < 3; ++round) {
    one.send(sealed_post(first().peer(), client().seal(first().peer(), body)));
    const raw_answer hot = one.answer();
    ASSERT_EQ(hot.status, 200);
    EXPECT_TRUE(hot.complete);
    EXPECT_EQ(hot.fields.find("x-token-place-privacy"), "sealed");
    EXPECT_TRUE(hot.fields.find("x-request-id").has_value());
    one.send("GET /healthz HTTP/1.1\r\nHost: relay\r\n\r\n");
    const raw_answer cold = one.answer();
    ASSERT_EQ(cold.status, 200);
    EXPECT_NE(cold.body.find("\"nodes\":1"), std::string::npos);
    one.send(sealed_post(first().peer(), as_bytes("not an envelope")));
    EXPECT_EQ(one.answer().status, 400);
  }
}

TEST_F(chats, pipelined_requests_are_answered_in_their_order) {
  furnish();
  raw_client one(loop, relay_->port());
  const std::string body = R"({"model":"mock-model","messages":[{"role":"user","content":"hi"}]})";
  std::string all;
  for (int round = 0; round < 3; ++round) {
    const std::string hot = "hot" + std::to_string(round);
    all += sealed_post(first().peer(), client().seal(first().peer(), body), "X-Request-Id: " + hot + "\r\n");
    all += "GET /livez HTTP/1.1\r\nHost: relay\r\nX-Request-Id: cold" + std::to_string(round) + "\r\n\r\n";
  }
  one.send(all);
  for (int round = 0; round < 3; ++round) {
    const raw_answer hot = one.answer();
    EXPECT_EQ(hot.status, 200);
    EXPECT_EQ(hot.fields.find("x-request-id"), "hot" + std::to_string(round));
    EXPECT_TRUE(hot.complete);
    const raw_answer cold = one.answer();
    EXPECT_EQ(cold.status, 200);
    EXPECT_EQ(cold.fields.find("x-request-id"), "cold" + std::to_string(round));
  }
}

TEST_F(chats, a_client_that_expects_100_continue_is_told_to_go_on) {
  furnish();
  raw_client one(loop, relay_->port());
  const bytes body =
      client().seal(first().peer(), R"({"model":"mock-model","messages":[{"role":"user","content":"hi"}]})");
  one.send(sealed_head(first().peer(),
                       "Expect: 100-continue\r\nContent-Length: " + std::to_string(body.size()) + "\r\n"));
  ASSERT_TRUE(one.read_until("100 Continue"));
  one.send(body);
  EXPECT_EQ(one.answer().status, 200);
  EXPECT_EQ(one.informational(), 1);

  raw_client refused(loop, relay_->port());
  refused.send(sealed_head(first().peer(), "Expect: 100-continue\r\nContent-Length: 99999999\r\n"));
  EXPECT_EQ(refused.answer().status, 413);
  EXPECT_EQ(refused.informational(), 0) << "the body is not wanted";
}

TEST_F(chats, a_chunked_upload_in_small_pieces_arrives_whole) {
  furnish();
  raw_client one(loop, relay_->port());
  const bytes body =
      client().seal(first().peer(), R"({"model":"mock-model","messages":[{"role":"user","content":"hi"}]})");
  one.send(sealed_head(first().peer(), "Transfer-Encoding: chunked\r\n"));
  for (std::size_t at = 0; at < body.size(); at += 7) {
    const bytes_view part = bytes_view(body).subspan(at, std::min<std::size_t>(7, body.size() - at));
    const std::string size(1, static_cast<char>('0' + part.size()));
    one.send(size + ";ext=1\r\n" + std::string(as_chars(part)) + "\r\n");
    loop.restart();
    loop.poll();
  }
  one.send(std::string("0\r\n\r\n"));
  const raw_answer out = one.answer();
  EXPECT_EQ(out.status, 200);
  EXPECT_TRUE(out.complete);
}

TEST_F(chats, a_connection_that_asks_for_its_end_gets_it_at_once) {
  furnish();
  raw_client one(loop, relay_->port());
  const bytes body =
      client().seal(first().peer(), R"({"model":"mock-model","messages":[{"role":"user","content":"hi"}]})");
  const auto begun = std::chrono::steady_clock::now();
  one.send(sealed_post(first().peer(), body, "Connection: close\r\n"));
  EXPECT_EQ(one.answer().status, 200);
  EXPECT_TRUE(one.closed());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, limits::drain_refused_time) << "it did not linger";
}

TEST_F(chats, a_node_may_dial_its_relay_over_plain_tcp) {
  open_relay();
  codec::url raw = relay_->url();
  raw.scheme = codec::url_scheme::tcp;
  node_place& node = nodes_.emplace_back(loop, node_plan{}, raw, ++seed_);
  ASSERT_TRUE(until([&] { return node.serving(); }));
  add_client();
  const auto answered = talk();
  EXPECT_EQ(answered->status, 200);
  EXPECT_TRUE(answered->has("[DONE]"));
}

TEST_F(chats, a_node_without_a_name_is_named_by_its_id) {
  furnish({.name = ""});
  const auto entry = run(client().nodes.fetch_one(first().peer(), async::deadline::after(10s)));
  ASSERT_TRUE(entry.has_value());
  const std::string id = first().peer().text();
  EXPECT_EQ(entry->record.fields().name, "node-" + id.substr(id.size() - 6));
}

TEST_F(chats, a_model_that_is_not_there_is_said_to_be_so_and_ids_may_be_escaped) {
  furnish();
  const auto missing = talk({.path = "/v1/models/no-such-model"});
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->code(), "model_not_found");
  for (const char* path :
       {"/v1/models/mock-model", "/v1/models/mock%2Dmodel", "/v1/models/mock%2dmodel?x=1"}) {
    const auto found = talk({.path = path});
    EXPECT_EQ(found->status, 200) << path;
    EXPECT_TRUE(found->has("mock-model")) << path;
  }
  EXPECT_EQ(talk({.path = "/v1/nothing"})->code(), "not_found");
}

TEST_F(chats, a_key_for_the_local_api_is_not_asked_of_the_public) {
  furnish({.api_key = "a-key"});
  EXPECT_EQ(talk()->status, 200);
  raw_client outside(loop, first().port());
  outside.send(std::string("GET /v1/models HTTP/1.1\r\nHost: node\r\n\r\n"));
  EXPECT_EQ(outside.answer().status, 401);
}

TEST_F(chats, a_node_with_an_api_key_for_everyone_wants_it_inside_the_seal) {
  furnish({.api_key = "a-key", .api_key_for = node::key_demand::everyone});
  for (const char* other : {"", "Bearer", "Bearer a-ke", "Bearer a-key2", "Basic a-key", "a-key"}) {
    const auto refused = talk({.authorization = other});
    EXPECT_EQ(refused->error, errc::ok);
    EXPECT_EQ(refused->origin, answer_origin::node);
    EXPECT_EQ(refused->status, 401) << other;
    EXPECT_EQ(refused->code(), "invalid_api_key") << other;
  }
  EXPECT_EQ(first().engine().calls(), 0U);
  EXPECT_EQ(first().own.metric("token_place_node_refused_total"), 6);
  for (const char* right : {"Bearer a-key", "bearer a-key"}) {
    const auto answered = talk({.authorization = right});
    EXPECT_EQ(answered->status, 200) << right;
    EXPECT_TRUE(answered->text.ends_with("data: [DONE]\n\n"));
  }
}

}  // namespace
}  // namespace tp::scenario
