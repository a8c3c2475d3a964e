// Nodes that others wrote, or that lie: what they may register, and what of their answers a client can ever
// see.
#include "scenario/raw_client.hpp"
#include "scenario/raw_node.hpp"

namespace tp::scenario {
namespace {

const std::string sealed_type =
    "Content-Type: " + std::string(e2ee::response_media_type(e2ee::form::chunked)) + "\r\n";

class foreign_nodes : public house {
 protected:
  void SetUp() override { open_relay(); }
  raw_node& add_stranger() {
    strangers_.push_back(std::make_unique<raw_node>(loop, relay_->url(), ++seed_));
    return *strangers_.back();
  }
  void TearDown() override { strangers_.clear(); }
  raw_answer ask(const raw_node& node) {
    raw_client one(loop, relay_->port());
    one.send(sealed_post(node.peer(), as_bytes("envelope")));
    return one.answer();
  }
  std::vector<std::unique_ptr<raw_node>> strangers_;
};

TEST_F(foreign_nodes, a_stranger_registers_reports_its_load_and_leaves) {
  raw_node& node = add_stranger();
  std::string said;
  EXPECT_EQ(node.control("PUT", raw_node::path_of(node.peer()), node.record(5), &said), 200);
  EXPECT_NE(said.find("\"lease_seconds\":36"), std::string::npos);
  EXPECT_NE(said.find("\"relay_peer_id\":\""), std::string::npos);
  EXPECT_EQ(relay_->nodes(), 1U);
  const std::string load = raw_node::path_of(node.peer()) + "/load";
  EXPECT_EQ(node.control("POST", load, R"({"in_flight":3,"capacity":7,"queued":1})"), 200);
  client_place& asking = add_client();
  const auto list = run(asking.nodes.fetch(async::deadline::after(10s)));
  ASSERT_TRUE(list.has_value());
  ASSERT_EQ(list->nodes.size(), 1U);
  EXPECT_EQ(list->nodes[0].load.in_flight, 3);
  EXPECT_EQ(list->nodes[0].load.capacity, 7);
  for (const std::string_view wrong : {"", "[]", "{}", R"({"in_flight":-1,"capacity":1,"queued":0})",
                                       R"({"in_flight":1e99,"capacity":1,"queued":0})"}) {
    EXPECT_EQ(node.control("POST", load, std::string(wrong)), 400);
  }
  EXPECT_EQ(node.control("DELETE", raw_node::path_of(node.peer()), ""), 200);
  EXPECT_EQ(relay_->nodes(), 0U);
  EXPECT_EQ(ask(node).status, 404);
  EXPECT_EQ(node.control("GET", "/elsewhere", ""), 404);
  EXPECT_EQ(node.put(node.record(6)), 200) << "and comes back";
}

TEST_F(foreign_nodes, reports_in_a_flood_are_refused_and_the_next_second_is_free) {
  raw_node& node = add_stranger();
  EXPECT_EQ(node.put(node.record(1)), 200);
  const std::string load = raw_node::path_of(node.peer()) + "/load";
  const std::string report = R"({"in_flight":1,"capacity":2,"queued":0})";
  const auto flood = [&] {
    const auto begun = relay_->own.clock.steady_now();
    std::size_t refused = 0;
    for (std::size_t i = 0; i < 3 * limits::load_reports_per_second_max; ++i) {
      refused += node.control("POST", load, report) == 429 ? 1 : 0;
    }
    const bool quick = relay_->own.clock.steady_now() - begun < 1s;  // else this shows nothing
    EXPECT_TRUE(refused > 0 || !quick);
  };
  flood();
  EXPECT_TRUE(until([&] { return node.control("POST", load, report) == 200; }, 5s));
}

TEST_F(foreign_nodes, nobody_registers_for_somebody_else) {
  raw_node& honest = add_stranger();
  raw_node& thief = add_stranger();
  const std::string record = honest.record(1);
  std::string said;
  EXPECT_EQ(thief.control("PUT", raw_node::path_of(honest.peer()), record, &said), 403);
  EXPECT_NE(said.find("not_allowed"), std::string::npos);
  EXPECT_EQ(thief.put(record), 422) << "another's record under its own name";
  EXPECT_EQ(thief.control("DELETE", raw_node::path_of(honest.peer()), ""), 403);
  EXPECT_EQ(relay_->nodes(), 0U);
  EXPECT_EQ(honest.put(record), 200);
  EXPECT_EQ(thief.control("DELETE", raw_node::path_of(honest.peer()), ""), 403);
  EXPECT_EQ(thief.control("POST", raw_node::path_of(honest.peer()) + "/load", "{}"), 403);
  EXPECT_EQ(relay_->nodes(), 1U);
}

TEST_F(foreign_nodes, an_older_record_is_a_conflict_and_a_wrong_one_is_named) {
  raw_node& node = add_stranger();
  EXPECT_EQ(node.put(node.record(10)), 200);
  EXPECT_EQ(node.put(node.record(9)), 409);
  EXPECT_EQ(node.put(node.record(11)), 200);
  std::string said;
  EXPECT_EQ(node.control("PUT", raw_node::path_of(node.peer()), "no JSON", &said), 422);
  EXPECT_NE(said.find("invalid_json"), std::string::npos);
  EXPECT_EQ(node.put("{\"record\":1}"), 422);
  EXPECT_EQ(
      node.control("PUT", raw_node::path_of(node.peer()), std::string(limits::http_small_body_max + 1, ' ')),
      413);
  node.own.clock.shift(-3h);
  EXPECT_EQ(node.control("PUT", raw_node::path_of(node.peer()), node.record(12), &said), 422);
  EXPECT_NE(said.find("expired"), std::string::npos);
  node.own.clock.shift(3h);
  EXPECT_EQ(node.control("PUT", raw_node::path_of(node.peer()), node.record(13), &said), 422);
  EXPECT_NE(said.find("not_yet_valid"), std::string::npos);
  EXPECT_EQ(relay_->nodes(), 1U) << "the good one stays";
}

TEST_F(foreign_nodes, one_that_goes_is_out_of_the_directory_at_once) {
  raw_node& node = add_stranger();
  EXPECT_EQ(node.put(node.record(1)), 200);
  node.end_session();
  EXPECT_TRUE(until([&] { return relay_->nodes() == 0; }));
}

TEST_F(foreign_nodes, the_request_it_gets_holds_nothing_of_the_client) {
  raw_node& node = add_stranger();
  EXPECT_EQ(node.put(node.record(1)), 200);
  node.says = "HTTP/1.1 200 OK\r\n" + sealed_type + "Content-Length: 2\r\n\r\nok";
  raw_client one(loop, relay_->port());
  one.send(sealed_post(node.peer(), as_bytes("envelope"),
                       "User-Agent: secret-agent\r\nCookie: secret=1\r\nAuthorization: Bearer secret\r\n"
                       "X-Forwarded-For: 192.0.2.1\r\nX-Request-Id: secret-id\r\nForwarded: for=secret\r\n"));
  const raw_answer out = one.answer();
  EXPECT_EQ(out.status, 200);
  EXPECT_EQ(out.fields.find("x-request-id"), "secret-id");
  ASSERT_TRUE(until([&] { return node.last_request.ends_with("envelope"); }));
  EXPECT_EQ(node.last_request.find("secret"), std::string::npos);
  EXPECT_EQ(node.last_request.find("192.0.2.1"), std::string::npos);
  EXPECT_TRUE(node.last_request.starts_with("POST /ohttp HTTP/1.1\r\n"));
}

TEST_F(foreign_nodes, a_clear_error_is_passed_on_only_if_it_is_one) {
  raw_node& node = add_stranger();
  EXPECT_EQ(node.put(node.record(1)), 200);
  const std::string error =
      R"({"error":{"message":"m","type":"server_error","code":"own_code","param":null}})";
  const auto answer_of = [](int status, const std::string& type, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  node.says = answer_of(418, "application/json", error);
  const raw_answer passed = ask(node);
  EXPECT_EQ(passed.status, 418);
  EXPECT_EQ(passed.code(), "own_code");
  EXPECT_EQ(passed.fields.find("content-type"), "application/json");
  const std::string typed = R"({"type":"about:blank",)" + error.substr(1);
  const std::pair<std::string, std::string> types[] = {
      {"application/json", typed}, {"application/problem+json", error}, {"application/problem+json", typed}};
  for (const auto& [type, body] : types) {
    node.says = answer_of(400, type + " ; charset=utf-8", body);
    EXPECT_EQ(ask(node).fields.find("content-type"), type) << "by the node's media type, not by a member";
  }

  const std::string large =
      R"({"error":{"code":"own_code","message":")" + std::string(limits::clear_error_bytes_max, 'x') + "\"}}";
  const std::string wrong[] = {
      "garbage that is no head at all\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nContent-Type: message/ohttp-res\r\nContent-Length: 2\r\n\r\nok",  // not the
                                                                                            // request's form
      "HTTP/1.1 200 OK\r\n" + sealed_type + "\r\nuntil the end",
      "HTTP/1.1 200 OK\r\n" + sealed_type + "Content-Length: 2\r\n\r\ntoo much",
      "HTTP/1.1 200 OK\r\n" + sealed_type + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
      "HTTP/1.1 200 OK\r\n" + sealed_type + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(limits::http_head_bytes_max, 'x') + "\r\n\r\n",
      answer_of(500, "text/html", "<h1>no</h1>"), answer_of(500, "application/json", "{\"no\":1}"),
      answer_of(500, "application/json", "not JSON"), answer_of(500, "application/json", large),
      "HTTP/1.1 500 X\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n" +
          error,  // ends early
      "",         // ends at once
  };
  int row = 0;
  for (const std::string& each : wrong) {
    node.says = each;
    const raw_answer out = ask(node);
    EXPECT_EQ(out.status, 502) << row;
    EXPECT_EQ(out.code(), "node_gone") << row;
    EXPECT_TRUE(out.complete) << row;
    ++row;
  }
  EXPECT_EQ(relay_->metric("token_place_relay_exchanges_open"), 0);
}

TEST_F(foreign_nodes, an_answer_that_breaks_after_its_head_never_ends_cleanly) {
  raw_node& node = add_stranger();
  EXPECT_EQ(node.put(node.record(1)), 200);
  const std::string chunked =
      "HTTP/1.1 200 OK\r\n" + sealed_type + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
  const std::string counted = "HTTP/1.1 200 OK\r\n" + sealed_type + "Content-Length: 100\r\n\r\nhello";
  for (const std::string& each : {chunked, counted}) {
    for (const after_answer then : {after_answer::finish, after_answer::reset}) {
      node.says = each;
      node.then = then;
      const raw_answer out = ask(node);
      if (then == after_answer::finish) {
        EXPECT_EQ(out.status, 200);
        EXPECT_EQ(out.body, "hello");
      }
      EXPECT_FALSE(out.complete && out.status == 200);
    }
  }
}

TEST_F(foreign_nodes, a_session_that_ends_mid_answer_ends_the_answers_of_all_its_streams) {
  raw_node& node = add_stranger();
  EXPECT_EQ(node.put(node.record(1)), 200);
  node.says = "HTTP/1.1 200 OK\r\n" + sealed_type + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
  node.then = after_answer::stay;
  raw_client one(loop, relay_->port()), two(loop, relay_->port());
  one.send(sealed_post(node.peer(), as_bytes("envelope")));
  two.send(sealed_post(node.peer(), as_bytes("envelope")));
  ASSERT_TRUE(one.read_until("hello"));
  ASSERT_TRUE(two.read_until("hello"));
  node.end_session();
  EXPECT_FALSE(one.answer().complete);
  EXPECT_FALSE(two.answer().complete);
  EXPECT_EQ(ask(node).status, 404);
}

TEST_F(foreign_nodes, one_that_answers_before_the_upload_is_whole_is_heard) {
  raw_node& node = add_stranger();
  EXPECT_EQ(node.put(node.record(1)), 200);
  const std::string error = R"({"error":{"message":"m","type":"server_error","code":"early","param":null}})";
  node.says =
      "HTTP/1.1 503 X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(error.size()) +
      "\r\n\r\n" + error;
  raw_client one(loop, relay_->port());
  one.send(sealed_head(node.peer(), "Content-Length: 1000\r\n") + "the beginning");
  const raw_answer out = one.answer();
  EXPECT_EQ(out.status, 503);
  EXPECT_EQ(out.code(), "early");
  EXPECT_TRUE(one.closed()) << "the rest of the upload is not a request";
}

TEST_F(foreign_nodes, one_that_dials_again_takes_over_from_its_old_session) {
  const std::uint64_t seed = ++seed_;
  strangers_.push_back(std::make_unique<raw_node>(loop, relay_->url(), seed));
  strangers_.push_back(std::make_unique<raw_node>(loop, relay_->url(), seed));
  raw_node& old = *strangers_[0];
  raw_node& fresh = *strangers_[1];
  ASSERT_EQ(old.peer(), fresh.peer());
  EXPECT_EQ(old.put(old.record(1)), 200);
  EXPECT_EQ(fresh.put(fresh.record(2)), 200);
  EXPECT_TRUE(until([&] { return old.ended(); }));
  EXPECT_EQ(relay_->nodes(), 1U);
  fresh.says = "HTTP/1.1 200 OK\r\n" + sealed_type + "Content-Length: 2\r\n\r\nok";
  EXPECT_EQ(ask(fresh).status, 200);
}

}  // namespace
}  // namespace tp::scenario
