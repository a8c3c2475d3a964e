// Encrypted requests of the first API: to the node whose key the client was given, and nobody else's eyes.
#include "codec/base64.hpp"
#include "scenario/raw_client.hpp"
#include "scenario/raw_node.hpp"

namespace tp::scenario {
namespace {

const std::string cannot_open =
    R"({"error":{"message":"Failed to decrypt messages","type":"encryption_error","code":null}})";

std::string pem_of(const std::string& name) {
  const std::string inside = codec::base64_encode(as_bytes(name));
  return "-----BEGIN PUBLIC KEY-----\n" + inside + "\n-----END PUBLIC KEY-----\n";
}
std::string key_of(const std::string& name) { return codec::base64_encode(as_bytes(pem_of(name))); }

std::string answer_text(int status, const std::string& type, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string encrypted(const std::string& more = {}) {
  return R"({"model":"m","encrypted":true,"messages":{"ciphertext":"c"})" + more + "}";
}

class encrypted_calls : public house {
 protected:
  void TearDown() override { stubs_.clear(); }
  raw_node& add_stub(const std::string& name) {
    stubs_.push_back(std::make_unique<raw_node>(loop, relay_->url(), ++seed_));
    raw_node& made = *stubs_.back();
    made.rsa_pem = pem_of(name);
    made.says = answer_text(200, "application/json", "\"" + name + "\"");
    EXPECT_EQ(made.put(made.record(1)), 200);
    return made;
  }
  raw_answer ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    raw_client one(loop, relay_->port());
    one.send(method + " " + target + " HTTP/1.1\r\nHost: r\r\nCookie: secret\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body);
    return one.answer();
  }
  raw_answer post(const std::string& body) { return ask("POST", "/api/v1/chat/completions", body); }
  std::vector<std::unique_ptr<raw_node>> stubs_;
};

TEST_F(encrypted_calls, go_to_the_node_whose_key_the_client_was_given) {
  open_relay();
  EXPECT_EQ(ask("GET", "/api/v1/public-key").status, 503);
  EXPECT_EQ(post(encrypted()).code(), "no_servers_available");
  raw_node& a = add_stub("a");
  raw_node& b = add_stub("b");
  for (const std::string prefix : {"/api/v1", "/v1", "/api/v2", "/v2"}) {
    EXPECT_EQ(ask("GET", prefix + "/public-key").status, 200) << prefix;
    EXPECT_EQ(ask("POST", prefix + "/public-key").status, 405) << prefix;
  }
  const std::string given = ask("GET", "/api/v1/public-key").body;
  const bool is_a = given == R"({"public_key":")" + key_of("a") + "\"}";
  ASSERT_TRUE(is_a || given == R"({"public_key":")" + key_of("b") + "\"}");
  raw_node& chosen = is_a ? a : b;
  for (const std::string target : {"/api/v1/chat/completions", "/v1/completions", "/v2/chat/completions"}) {
    const raw_answer out = ask("POST", target, encrypted());
    EXPECT_EQ(out.status, 200) << target;
    EXPECT_EQ(out.body, is_a ? "\"a\"" : "\"b\"") << target;
    EXPECT_EQ(out.fields.find("x-token-place-privacy"), "sealed") << target;
  }
  EXPECT_EQ(chosen.requests, 3U);
  EXPECT_TRUE(chosen.last_request.starts_with("POST /v1-envelope HTTP/1.1\r\n"));
  EXPECT_TRUE(chosen.last_request.ends_with(encrypted()));
  EXPECT_EQ(chosen.last_request.find("secret"), std::string::npos);
  EXPECT_EQ(post(encrypted(R"(,"server_public_key":")" + key_of("b") + "\"")).body, "\"b\"");
  EXPECT_EQ(post(encrypted(R"(,"server_public_key":")" + key_of("a") + "\"")).body, "\"a\"");
  EXPECT_EQ(post(encrypted(R"(,"server_public_key":"nobody's")")).code(), "node_not_found");
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_open"), 0);
}

TEST_F(encrypted_calls, are_tried_at_another_node_only_if_one_cannot_open_them) {
  open_relay();
  raw_node& a = add_stub("a");
  raw_node& b = add_stub("b");
  const bool is_a = ask("GET", "/v1/public-key").body.find(key_of("a")) != std::string::npos;
  raw_node& first = is_a ? a : b;
  first.says = answer_text(400, "application/json", cannot_open);
  EXPECT_EQ(post(encrypted()).body, is_a ? "\"b\"" : "\"a\"");
  const std::string other = R"({"error":{"code":"other","type":"invalid_request_error"}})";
  first.says = answer_text(400, "application/json", other);
  EXPECT_EQ(post(encrypted()).code(), "other");
  a.says = b.says = answer_text(400, "application/json", cannot_open);
  EXPECT_EQ(post(encrypted()).body, cannot_open);
  first.end_session();
  ASSERT_TRUE(until([&] { return relay_->nodes() == 1; }));
  EXPECT_NE(ask("GET", "/v1/public-key").body.find(is_a ? key_of("b") : key_of("a")), std::string::npos);
}

TEST_F(encrypted_calls, find_a_node_by_its_key_before_the_last_and_nobody_by_a_stolen_one) {
  open_relay();
  raw_node& a = add_stub("a");
  raw_node& thief = add_stub("b");
  thief.rsa_pem = pem_of("a");
  EXPECT_EQ(thief.put(thief.record(2)), 200);
  const std::string by_a = encrypted(R"(,"server_public_key":")" + key_of("a") + "\"");
  EXPECT_EQ(post(by_a).body, "\"a\"");
  a.rsa_pem = pem_of("a2");
  EXPECT_EQ(a.put(a.record(2)), 200);
  EXPECT_EQ(post(by_a).body, "\"a\"") << "its clients may not know the new one yet";
  EXPECT_EQ(post(encrypted(R"(,"server_public_key":")" + key_of("a2") + "\"")).body, "\"a\"");
}

TEST_F(encrypted_calls, stream_as_the_node_sends_and_never_end_cleanly_when_it_breaks_off) {
  open_relay();
  raw_node& node = add_stub("a");
  node.says =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
      "e\r\ndata: \"one\"\r\n\r\n\r\n";
  node.then = after_answer::stay;
  raw_client one(loop, relay_->port());
  one.send("POST /api/v2/chat/completions HTTP/1.1\r\nHost: r\r\nContent-Length: " +
           std::to_string(encrypted().size()) + "\r\n\r\n" + encrypted());
  ASSERT_TRUE(one.read_until("\"one\""));
  node.end_session();
  const raw_answer cut = one.answer();
  EXPECT_EQ(cut.status, 200);
  EXPECT_EQ(cut.fields.find("content-type"), "text/event-stream");
  EXPECT_FALSE(cut.complete);
  EXPECT_TRUE(until([&] { return relay_->metric("token_place_relay_exchanges_open") == 0; }));
}

TEST_F(encrypted_calls, that_are_given_up_are_reset_at_the_node) {
  open_relay();
  raw_node& node = add_stub("a");
  node.says.clear();
  node.then = after_answer::stay;
  {
    raw_client leaving(loop, relay_->port());
    leaving.send("POST /v1/chat/completions HTTP/1.1\r\nHost: r\r\nContent-Length: " +
                 std::to_string(encrypted().size()) + "\r\n\r\n" + encrypted());
    ASSERT_TRUE(until([&] { return node.requests == 1; }));
    EXPECT_EQ(relay_->metric("token_place_relay_exchanges_open"), 1);
  }
  EXPECT_TRUE(until([&] { return relay_->metric("token_place_relay_exchanges_open") == 0; }));
  EXPECT_TRUE(until([&] { return relay_->metric("token_place_link_streams") == 0; }));
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_total{outcome=\"client_gone\"}"), 1);
}

TEST_F(encrypted_calls, what_a_node_may_not_answer_is_node_gone_and_silence_has_an_end) {
  relay::settings config = quick_relay();
  config.time.first_head = 100ms;
  open_relay(std::move(config));
  raw_node& node = add_stub("a");
  const std::string wrong[] = {"garbage\r\n\r\n", answer_text(200, "text/html", "no"),
                               answer_text(302, "text/html", ""), answer_text(500, "text/html", "no"),
                               answer_text(500, "application/json", std::string(10'000, ' '))};
  for (const std::string& says : wrong) {
    node.says = says;
    EXPECT_EQ(post(encrypted()).code(), "node_gone");
  }
  node.says.clear();
  node.then = after_answer::stay;
  EXPECT_EQ(post(encrypted()).code(), "deadline_exceeded");
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_open"), 0);
}

TEST_F(encrypted_calls, only_a_true_mark_counts_and_plain_ones_stay_plain) {
  open_relay();
  raw_node& node = add_stub("a");
  for (const std::string body : {R"({"encrypted":false})", R"({"encrypted":"true"})",
                                 R"({"x":{"encrypted":true}})", "{}", "", "[", "{\"encrypted\":true"}) {
    EXPECT_EQ(post(body).code(), "gateway_not_configured") << body.size();
  }
  EXPECT_EQ(node.requests, 0U);
}

}  // namespace
}  // namespace tp::scenario
