// The first token.place's relay routes, over a relay's port: its programs on both sides, ours on either.
#include "codec/base64.hpp"
#include "scenario/raw_client.hpp"
#include "scenario/raw_node.hpp"

namespace tp::scenario {
namespace {

constexpr const char* waiting = "token_place_relay_v1_waiting";
constexpr const char* kept = "token_place_relay_v1_exchanges";
const std::string sealed = R"("chat_history":"c","cipherkey":"k","iv":"i")";
const std::string pem = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n";
const std::string pem_text = codec::base64_encode(as_bytes(pem));
const std::string nothing_yet = R"({"error":"No response available for the given public key"})";

std::string request_text(const std::string& method, const std::string& target, const std::string& body,
                         const std::string& fields = {}) {
  return method + " " + target + " HTTP/1.1\r\nHost: r\r\n" + fields +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string answer_text(int status, const std::string& type, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class first_routes : public house {
 protected:
  raw_answer post(const std::string& target, const std::string& body, const std::string& fields = {}) {
    raw_client one(loop, relay_->port());
    one.send(request_text("POST", target, body, fields));
    return one.answer();
  }
  // One of our nodes, by hand, with a key for first clients.
  raw_node& add_stub() {
    stubs_.push_back(std::make_unique<raw_node>(loop, relay_->url(), ++seed_));
    stubs_.back()->rsa_pem = pem;
    EXPECT_EQ(stubs_.back()->put(stubs_.back()->record(1)), 200);
    return *stubs_.back();
  }
  void TearDown() override { stubs_.clear(); }
  static std::string faucet_body(const std::string& server, const std::string& more = {}) {
    return R"({"server_public_key":")" + server + R"(","client_public_key":"me",)" + sealed + more + "}";
  }
  std::vector<std::unique_ptr<raw_node>> stubs_;
};

TEST_F(first_routes, each_answers_as_the_first_relay_did) {
  open_relay();
  struct row {
    std::string method;
    std::string target;
    std::string body;
    int status;
    std::string answer;
  };
  const std::string bad = R"({"error":"Invalid request data"})";
  const std::string coded = R"({"error":{"message":"Invalid request data","code":400}})";
  const row rows[] = {
      {"GET", "/next_server", "", 200, R"({"error":{"message":"No servers available","code":503}})"},
      {"POST", "/faucet", "{}", 400, coded},
      {"POST", "/faucet", "no JSON", 400, coded},
      {"POST", "/faucet", R"({"server_public_key":["n"],"client_public_key":{},)" + sealed + "}", 400, coded},
      {"POST", "/faucet", faucet_body("n"), 404,
       R"({"error":"Server with the specified public key not found"})"},
      {"POST", "/sink", "{}", 400, R"({"error":"Invalid public key"})"},
      {"POST", "/sink", R"({"server_public_key":"n","max_batch_size":0})", 400,
       R"({"error":"Invalid max_batch_size"})"},
      {"POST", "/sink", R"({"server_public_key":"n"})", 200, R"({"next_ping_in_x_seconds":3})"},
      {"GET", "/next_server", "", 200, R"({"server_public_key":"n"})"},
      {"POST", "/retrieve", R"({"client_public_key":"me"})", 200, nothing_yet},
      {"POST", "/retrieve", "[]", 400, bad},
      {"POST", "/faucet", faucet_body("n"), 200, R"({"message":"Request received"})"},
      {"POST", "/sink", R"({"server_public_key":"n"})", 200,
       R"({"next_ping_in_x_seconds":1,"client_public_key":"me",)" + sealed + "}"},
      {"POST", "/source", R"({"client_public_key":"me"})", 400, bad},
      {"POST", "/source", R"({"client_public_key":"me",)" + sealed + "}", 200,
       R"({"message":"Response received and queued for client"})"},
      {"POST", "/source", R"({"client_public_key":"me",)" + sealed + "}", 400, bad},
      {"POST", "/retrieve", R"({"client_public_key":"me"})", 200, "{" + sealed + "}"},
      {"POST", "/retrieve", R"({"client_public_key":"me"})", 200, nothing_yet},
      {"POST", "/stream/source", R"({"session_id":"s","chunk":"c"})", 404,
       R"({"error":"Unknown stream session"})"},
      {"POST", "/stream/source", "{}", 400, bad},
      {"POST", "/stream/retrieve", R"({"client_public_key":"me"})", 200,
       R"({"error":"No active stream for the given public key"})"},
      {"POST", "/unregister", R"({"server_public_key":"n"})", 200,
       R"({"message":"Server unregistered","removed":true})"},
      {"POST", "/unregister", R"({"server_public_key":"n"})", 200,
       R"({"message":"Server unregistered","removed":false})"},
      {"POST", "/unregister", "{}", 400, R"({"error":"Invalid public key"})"},
  };
  raw_client one(loop, relay_->port());
  int number = 0;
  for (const row& each : rows) {
    one.send(request_text(each.method, each.target, each.body));
    const raw_answer out = one.answer();
    EXPECT_EQ(out.status, each.status) << number;
    EXPECT_EQ(out.body, each.answer) << number;
    EXPECT_TRUE(out.fields.find("x-request-id").has_value()) << number;
    ++number;
  }
  one.send(request_text("GET", "/faucet", ""));
  const raw_answer wrong = one.answer();
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.fields.find("allow"), "POST");
  EXPECT_EQ(post("/faucet", std::string(limits::v1_body_bytes_max + 1, ' ')).status, 413);
}

TEST_F(first_routes, a_client_and_a_node_that_wait_are_woken) {
  open_relay();
  raw_client node(loop, relay_->port()), client(loop, relay_->port());
  node.send(request_text("POST", "/sink?wait=30", R"({"server_public_key":"n"})"));
  client.send(request_text("POST", "/retrieve", R"({"client_public_key":"me"})", "Prefer: wait=30\r\n"));
  ASSERT_TRUE(until([&] { return relay_->metric(waiting) == 2; }));
  EXPECT_EQ(post("/faucet", faucet_body("n")).status, 200);
  EXPECT_NE(node.answer().body.find(sealed), std::string::npos);
  EXPECT_EQ(post("/source", R"({"client_public_key":"me",)" + sealed + "}").status, 200);
  EXPECT_EQ(client.answer().body, "{" + sealed + "}");
  EXPECT_EQ(relay_->metric(waiting), 0);
  EXPECT_EQ(relay_->metric(kept), 0);
}

TEST_F(first_routes, a_wait_ends_with_its_time_its_client_and_the_relay) {
  open_relay();
  const std::string body = R"({"client_public_key":"me"})";
  EXPECT_EQ(post("/retrieve?wait=1", body).body, nothing_yet);
  {
    raw_client leaving(loop, relay_->port());
    leaving.send(request_text("POST", "/retrieve?wait=30", body));
    ASSERT_TRUE(until([&] { return relay_->metric(waiting) == 1; }));
  }
  EXPECT_TRUE(until([&] { return relay_->metric(waiting) == 0; })) << "long before its time";
  raw_client staying(loop, relay_->port());
  staying.send(request_text("POST", "/retrieve?wait=30", body));
  ASSERT_TRUE(until([&] { return relay_->metric(waiting) == 1; }));
  relay_->drain();
  EXPECT_EQ(staying.answer().body, nothing_yet);
  EXPECT_TRUE(until([&] { return relay_->stopped(); }, 2s));
}

TEST_F(first_routes, more_waits_for_one_key_than_allowed_are_answered_at_once) {
  open_relay();
  const std::string text = request_text("POST", "/retrieve?wait=30", R"({"client_public_key":"me"})");
  std::list<raw_client> held;
  for (std::size_t i = 0; i < limits::v1_waiting_per_key_max; ++i) {
    held.emplace_back(loop, relay_->port()).send(text);
  }
  constexpr auto most = static_cast<std::int64_t>(limits::v1_waiting_per_key_max);
  ASSERT_TRUE(until([&] { return relay_->metric(waiting) == most; }));
  raw_client more(loop, relay_->port());
  more.send(text);
  EXPECT_EQ(more.answer().body, nothing_yet);
}

TEST_F(first_routes, a_node_shows_its_token_where_one_is_asked_for) {
  relay::settings config = quick_relay();
  for (const std::string_view token : {"one", "two"}) {
    config.server_tokens.push_back(crypto::sha256(as_bytes(token)));
  }
  open_relay(std::move(config));
  const std::string poll = R"({"server_public_key":"n"})";
  const std::string answer = R"({"client_public_key":"me",)" + sealed + "}";
  EXPECT_EQ(post("/sink", poll).status, 401);
  EXPECT_EQ(post("/sink", poll, "X-Relay-Server-Token: three\r\n").status, 401);
  EXPECT_EQ(post("/sink", poll, "X-Relay-Server-Token: one\r\n").status, 200);
  EXPECT_EQ(post("/source", answer).status, 401);
  EXPECT_EQ(post("/stream/source", "{}").status, 401);
  EXPECT_EQ(post("/faucet", faucet_body("n")).status, 200) << "clients need none";
  EXPECT_EQ(post("/sink", poll, "X-Relay-Server-Token: two\r\n").body, R"({"next_ping_in_x_seconds":3})")
      << "not for another's token";
  EXPECT_NE(post("/sink", poll, "X-Relay-Server-Token: one\r\n").body.find(sealed), std::string::npos);
  EXPECT_EQ(post("/source", answer, "X-Relay-Server-Token: two\r\n").status, 400);
  EXPECT_EQ(post("/source", answer, "X-Relay-Server-Token: one\r\n").status, 200);
}

TEST_F(first_routes, a_request_for_a_node_of_ours_goes_over_its_link_and_the_answer_comes_back) {
  open_relay();
  raw_node& node = add_stub();
  node.says = answer_text(200, "application/json", "{" + sealed + R"(,"tag":"t"})");
  const std::string poll = R"({"server_public_key":")" + pem_text + "\"}";
  EXPECT_EQ(post("/sink", poll).body.find("chat"), std::string::npos) << "nobody polls for it";
  raw_client client(loop, relay_->port());
  client.send(request_text("GET", "/next_server", ""));
  EXPECT_EQ(client.answer().body, R"({"server_public_key":")" + pem_text + "\"}");
  client.send(request_text("POST", "/faucet", faucet_body(pem_text), "User-Agent: secret\r\n"));
  EXPECT_EQ(client.answer().body, R"({"message":"Request received"})");
  client.send(request_text("POST", "/retrieve?wait=30", R"({"client_public_key":"me"})"));
  EXPECT_EQ(client.answer().body, "{" + sealed + R"(,"tag":"t"})");
  EXPECT_TRUE(node.last_request.starts_with("POST /v1-envelope HTTP/1.1\r\n"));
  EXPECT_TRUE(node.last_request.ends_with(faucet_body(pem_text)));
  EXPECT_EQ(node.last_request.find("secret"), std::string::npos);
  EXPECT_EQ(relay_->metric(kept), 0);
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_open"), 0);
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_total{outcome=\"completed\"}"), 1);
}

TEST_F(first_routes, what_a_node_of_ours_cannot_answer_leaves_nothing_behind) {
  open_relay();
  raw_node& node = add_stub();
  const std::string answers[] = {"",
                                 "garbage\r\n\r\n",
                                 answer_text(500, "application/json", R"({"error":{}})"),
                                 answer_text(200, "text/html", "{" + sealed + "}"),
                                 answer_text(200, "application/json", R"({"chat_history":1})"),
                                 answer_text(200, "application/json", "no JSON")};
  std::int64_t lost = 0;
  for (const std::string& says : answers) {
    node.says = says;
    EXPECT_EQ(post("/faucet", faucet_body(pem_text)).status, 200);
    ++lost;
    EXPECT_TRUE(until([&] {
      return relay_->metric("token_place_relay_exchanges_total{outcome=\"node_gone\"}") == lost;
    })) << lost;
    EXPECT_EQ(relay_->metric(kept), 0) << lost;
  }
  EXPECT_EQ(post("/retrieve", R"({"client_public_key":"me"})").body, nothing_yet);
  node.end_session();
  ASSERT_TRUE(until([&] { return relay_->nodes() == 0; }));
  EXPECT_EQ(post("/faucet", faucet_body(pem_text)).status, 404);
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_open"), 0);
}

TEST_F(first_routes, a_node_of_ours_streams_its_events_as_chunks) {
  open_relay();
  raw_node& node = add_stub();
  node.says = answer_text(200, "text/event-stream",
                          "data: {\"event\":\"delta\"}\n\ndata: \"text\"\n\ndata: [DONE]\n\n");
  EXPECT_EQ(post("/faucet", faucet_body(pem_text, R"(,"stream":true)")).status, 200);
  std::string all;
  for (int i = 0; i < 10 && all.find("\"final\":true") == std::string::npos; ++i) {
    all += post("/stream/retrieve?wait=5", R"({"client_public_key":"me"})").body;
  }
  EXPECT_NE(all.find(R"({"event":"delta"})"), std::string::npos);
  EXPECT_NE(all.find(R"("text")"), std::string::npos);
  EXPECT_NE(all.find(R"({"event":"done"})"), std::string::npos);
  EXPECT_EQ(relay_->metric(kept), 0);

  node.says =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 500\r\n\r\n"
      "data: \"begun\"\n\n";
  EXPECT_EQ(post("/faucet", faucet_body(pem_text, R"(,"stream":true)")).status, 200);
  all.clear();
  for (int i = 0; i < 10 && all.find("\"final\":true") == std::string::npos; ++i) {
    all += post("/stream/retrieve?wait=5", R"({"client_public_key":"me"})").body;
  }
  EXPECT_NE(all.find("begun"), std::string::npos);
  EXPECT_NE(all.find(R"({"event":"error","reason":"node_gone"})"), std::string::npos);
}

TEST_F(first_routes, requests_under_way_are_cut_when_the_relay_drains) {
  relay::settings config = quick_relay();
  config.time.drain = 100ms;
  open_relay(std::move(config));
  raw_node& node = add_stub();
  node.then = after_answer::stay;
  EXPECT_EQ(post("/faucet", faucet_body(pem_text)).status, 200);
  ASSERT_TRUE(until([&] { return node.requests == 1; }));
  relay_->drain();
  EXPECT_TRUE(until([&] { return relay_->stopped(); }, 5s));
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_total{outcome=\"drained\"}"), 1);
}

}  // namespace
}  // namespace tp::scenario
