#include "client/gateway.hpp"

#include "client/client_fixture.hpp"
#include "codec/json.hpp"

namespace tp::client {
namespace {

using client_test::call_plan;
using client_test::ending;
using client_test::fake_node;

constexpr std::string_view chat = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";

struct reply {
  errc error = errc::ok;
  int status = 0;
  codec::http_fields fields;
  std::string body;
};

class gateway_test : public client_test::client_fixture {
 protected:
  gateway_test() { start({}); }
  ~gateway_test() override { stop(); }

  void stop() {
    if (server_ == nullptr) return;
    async::run(loop_, server_->drain(async::deadline::after(std::chrono::nanoseconds(0))));
    while (scope_->live() > 0) loop_.run_one();
    server_.reset();
    scope_.reset();
  }

  void start(gateway_settings settings) {
    stop();
    gateway_ = std::make_unique<gateway>(*calls_, *nodes_, std::move(settings), with_);
    const net::http_handler handler = [this](net::http_exchange& exchange) {
      return gateway_->handle(exchange);
    };
    server_ = *net::http_listener::open(loop_.get_executor(), {}, handler, {}, nullptr, with_);
    scope_ = std::make_unique<async::task_scope>(loop_.get_executor());
    scope_->spawn(server_->run());
    local_ = client_of("http://127.0.0.1:" + std::to_string(server_->port()));
  }

  asio::awaitable<reply> send(std::string method, std::string target, std::string body,
                              codec::http_fields fields) {
    reply out;
    net::http_request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.fields = std::move(fields);
    request.body = as_bytes(body);
    const async::deadline until = async::deadline::after(std::chrono::seconds(20));
    const result<std::unique_ptr<net::http_response>> answer =
        co_await local_->send(std::move(request), until);
    if (answer.has_error()) {
      out.error = to_errc(answer.error());
      co_return out;
    }
    out.status = (*answer)->status();
    out.fields = (*answer)->fields();
    const result<bytes> read = co_await (*answer)->read_all(1U << 20);
    if (read.has_error()) out.error = to_errc(read.error());
    if (read.has_value()) out.body = std::string(as_chars(*read));
    co_return out;
  }

  reply get(std::string target) { return async::run(loop_, send("GET", std::move(target), {}, {})); }
  reply post(std::string target, std::string_view body, codec::http_fields fields = {}) {
    return async::run(loop_, send("POST", std::move(target), std::string(body), std::move(fields)));
  }
  static std::string code_of(const reply& of) {
    const result<json::value> parsed = codec::parse_json(of.body);
    if (parsed.has_error() || !parsed->is_object()) return "not JSON";
    const json::object* error = codec::find_object(parsed->get_object(), "error");
    const json::string* code = error == nullptr ? nullptr : codec::find_string(*error, "code");
    return code == nullptr ? "none" : std::string(codec::text_of(*code));
  }

  std::unique_ptr<gateway> gateway_;
  std::unique_ptr<net::http_listener> server_;
  std::unique_ptr<async::task_scope> scope_;
  std::unique_ptr<net::http_client> local_;
};

TEST_F(gateway_test, every_spelling_of_a_route_is_sealed_to_a_node_that_serves_the_model) {
  fake_node& other = relay_.add("other", {"another"});
  fake_node& node = relay_.add("one", {"m"});
  node.usual.pieces = {R"({"choices":)", R"([]})"};
  for (const std::string prefix : {"/v1", "/api/v1", "/v2", "/api/v2"}) {
    const reply out = post(prefix + "/chat/completions", chat);
    EXPECT_EQ(out.status, 200);
    EXPECT_TRUE(out.body == R"({"choices":[]})");
    EXPECT_EQ(out.fields.find("x-token-place-privacy"), "sealed");
    EXPECT_EQ(out.fields.find("x-token-place-node"), node.peer.text());
    EXPECT_FALSE(out.fields.find("set-cookie").has_value());
  }
  ASSERT_EQ(node.bodies.size(), 4U);
  EXPECT_TRUE(node.bodies[0] == chat);
  EXPECT_EQ(other.calls, 0U);
}

TEST_F(gateway_test, the_callers_authorization_stays_here_and_the_nodes_key_goes) {
  fake_node& node = relay_.add("one", {"m"});
  post("/v1/chat/completions", chat, {{"Authorization", "Bearer somebody-elses"}, {"Cookie", "a=b"}});
  gateway_settings settings;
  settings.node_api_key = secret_key(as_bytes("node-key"));
  start(std::move(settings));
  post("/v1/chat/completions", chat, {{"Authorization", "Bearer somebody-elses"}});
  ASSERT_EQ(node.inner_fields.size(), 2U);
  EXPECT_FALSE(node.inner_fields[0].find("authorization").has_value());
  EXPECT_FALSE(node.inner_fields[0].find("cookie").has_value());
  EXPECT_EQ(node.inner_fields[1].find("authorization"), "Bearer node-key");
}

TEST_F(gateway_test, models_come_from_verified_records) {
  relay_.add("one", {"m", "n"});
  relay_.add("two", {"m"});
  const reply list = get("/v1/models");
  EXPECT_EQ(list.status, 200);
  const result<json::value> parsed = codec::parse_json(list.body);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(codec::find_array(parsed->get_object(), "data")->size(), 2U);
  EXPECT_EQ(get("/v1/models/n").status, 200);
  const reply missing = get("/v1/models/x");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(code_of(missing), "model_not_found");
}

TEST_F(gateway_test, what_cannot_work_is_refused_here_with_an_openai_error) {
  fake_node& node = relay_.add("one", {"m"});
  struct row {
    std::string target;
    std::string body;
    int status;
    std::string code;
  };
  const row rows[] = {
      {"/v1/chat/completions", R"({"model":"x","messages":[{"role":"user","content":"hi"}]})", 404,
       "model_not_found"},
      {"/v1/nothing", "{}", 404, "not_found"},
      {"/", "{}", 404, "not_found"},
      {"/v1/models", "{}", 405, "method_not_allowed"},
  };
  for (const row& each : rows) {
    const reply out = post(each.target, each.body);
    EXPECT_EQ(out.status, each.status) << each.target;
    EXPECT_EQ(code_of(out), each.code);
  }
  EXPECT_EQ(post("/v1/chat/completions", "{").status, 400);
  EXPECT_EQ(post("/v1/chat/completions", R"({"messages":[]})").status, 400);
  EXPECT_EQ(node.calls, 0U);
}

TEST_F(gateway_test, a_stream_is_passed_on_event_by_event_and_ends_with_an_error_if_it_is_cut) {
  fake_node& node = relay_.add("one", {"m"});
  node.usual.content_type = "text/event-stream";
  node.usual.pieces = {"data: 1\n\n", "data: 2\n\n", "data: [DONE]\n\n"};
  const reply whole = post("/v1/chat/completions", chat);
  EXPECT_TRUE(whole.body == "data: 1\n\ndata: 2\n\ndata: [DONE]\n\n");
  EXPECT_EQ(whole.fields.find("content-type"), "text/event-stream");
  node.usual.how = ending::cut_connection;
  const reply cut = post("/v1/chat/completions", chat);
  EXPECT_EQ(cut.status, 200);
  EXPECT_NE(cut.body.find(R"(data: {"error")"), std::string::npos);
}

TEST_F(gateway_test, a_whole_answer_that_is_cut_is_an_error_and_no_partial_answer) {
  fake_node& node = relay_.add("one", {"m"});
  node.usual.pieces = {R"({"choices":[)"};
  node.usual.how = ending::cut_connection;
  const reply out = post("/v1/chat/completions", chat);
  EXPECT_EQ(out.status, 502);
  EXPECT_EQ(out.body.find("choices"), std::string::npos);
  EXPECT_FALSE(out.fields.find("x-token-place-privacy").has_value());
}

TEST_F(gateway_test, errors_of_the_relay_and_of_the_node_are_passed_on_apart) {
  fake_node& node = relay_.add("one", {"m"});
  call_plan limited;
  limited.clear_status = 429;
  limited.clear_code = "rate_limit_exceeded";
  limited.retry_after = "1800";
  node.plans = {limited};
  const reply relay = post("/v1/chat/completions", chat);
  EXPECT_EQ(relay.status, 429);
  EXPECT_EQ(relay.fields.find("retry-after"), "1800");
  EXPECT_FALSE(relay.fields.find("x-token-place-privacy").has_value());
  node.usual.status = 422;
  node.usual.pieces = {
      R"({"error":{"message":"no","type":"invalid_request_error","code":"odd","param":null}})"};
  const reply inner = post("/v1/chat/completions", chat);
  EXPECT_EQ(inner.status, 422);
  EXPECT_EQ(code_of(inner), "odd");
  EXPECT_EQ(inner.fields.find("x-token-place-privacy"), "sealed");
}

TEST_F(gateway_test, without_nodes_or_relay_it_says_what_to_do) {
  EXPECT_EQ(code_of(post("/v1/chat/completions", chat)), "no_nodes");
  stop();
  connect(client_test::nowhere);
  start({});
  for (const reply& out : {get("/v1/models"), post("/v1/chat/completions", chat)}) {
    EXPECT_EQ(out.status, 503);
    EXPECT_EQ(code_of(out), "relay_unreachable");
  }
  EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(gateway_test, web_pages_may_call_only_if_allowed) {
  fake_node& node = relay_.add("one", {"m"});
  const codec::http_fields page{{"Origin", "http://localhost:3001"}};
  EXPECT_EQ(post("/v1/chat/completions", chat, page).status, 403);
  EXPECT_EQ(node.calls, 0U);
  gateway_settings settings;
  settings.allowed_origins = {"http://localhost:3001"};
  start(std::move(settings));
  const reply out = post("/v1/chat/completions", chat, page);
  EXPECT_EQ(out.status, 200);
  EXPECT_EQ(out.fields.find("access-control-allow-origin"), "http://localhost:3001");
  EXPECT_EQ(async::run(loop_, send("OPTIONS", "/v1/chat/completions", {}, page)).status, 204);
  EXPECT_EQ(post("/v1/chat/completions", chat, {{"Origin", "http://evil.example"}}).status, 403);
}

TEST_F(gateway_test, a_client_that_goes_away_ends_the_sealed_call) {
  fake_node& node = relay_.add("one", {"m"});
  node.usual.content_type = "text/event-stream";
  node.usual.pieces = {"data: 1\n\n", "data: never\n\n"};
  node.usual.wait_before_piece = 1;
  const auto read_and_leave = [this]() -> asio::awaitable<std::size_t> {
    net::http_request request;
    request.method = "POST";
    request.target = "/v1/chat/completions";
    request.body = as_bytes(chat);
    const async::deadline until = async::deadline::after(std::chrono::seconds(20));
    const result<std::unique_ptr<net::http_response>> answer =
        co_await local_->send(std::move(request), until);
    bytes buffer(100);
    const result<std::size_t> read = co_await (*answer)->read_some(buffer);
    (*answer)->abort();
    co_return read.value();
  };
  EXPECT_EQ(async::run(loop_, read_and_leave()), 9U);
  while (relay_.clients_gone == 0) loop_.run_one();
}

}  // namespace
}  // namespace tp::client
