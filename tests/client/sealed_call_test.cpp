#include "client/client_fixture.hpp"

namespace tp::client {
namespace {

using client_test::call_plan;
using client_test::ending;
using client_test::fake_node;

// What a call came to: an answer and its text, or an error.
struct verdict {
  errc error = errc::ok;  // of the call or of reading
  answer_origin origin = answer_origin::node;
  int status = 0;
  std::string text;  // also what came before an error
  std::optional<codec::peer_id> node;
};

class sealed_call_test : public client_test::client_fixture {
 protected:
  static call_request request() {
    call_request made;
    made.target = "/v1/chat/completions";
    made.fields = {{"content-type", "application/json"}};
    made.body = plaintext(as_bytes(R"({"model":"m"})"));
    return made;
  }

  asio::awaitable<verdict> call_and_read(call_wish wish) {
    const async::deadline until = async::deadline::after(std::chrono::seconds(20));
    call_request made = request();
    verdict out;
    const result<std::unique_ptr<sealed_answer>> answer =
        co_await calls_->call(std::move(made), std::move(wish), until);
    if (answer.has_error()) {
      out.error = to_errc(answer.error());
      co_return out;
    }
    out.origin = (*answer)->origin();
    out.status = (*answer)->status();
    out.node = (*answer)->node();
    for (;;) {
      const result<plaintext> piece = co_await (*answer)->read();
      if (piece.has_error()) out.error = to_errc(piece.error());
      if (piece.has_error() || piece->empty()) co_return out;
      out.text.append(piece->reveal_text());
    }
  }

  verdict call(call_wish wish = {"m", std::nullopt}) {
    return async::run(loop_, call_and_read(std::move(wish)));
  }
};

TEST_F(sealed_call_test, a_request_reaches_the_node_whole_and_the_answer_comes_back) {
  fake_node& node = relay_.add("one", {"m"});
  node.usual.pieces = {"first ", "second"};
  node.usual.status = 201;
  const verdict out = call();
  EXPECT_EQ(out.error, errc::ok);
  EXPECT_EQ(out.origin, answer_origin::node);
  EXPECT_EQ(out.status, 201);
  EXPECT_TRUE(out.text == "first second");
  ASSERT_EQ(node.bodies.size(), 1U);
  EXPECT_TRUE(node.bodies[0] == R"({"model":"m"})");
  EXPECT_EQ(node.inner_fields[0].find("sealed-to"), node.peer.text());
  EXPECT_TRUE(node.inner_fields[0].find("date").has_value());
}

TEST_F(sealed_call_test, the_relay_is_told_nothing_beside_the_envelope) {
  relay_.add("one", {"m"});
  EXPECT_EQ(call().error, errc::ok);
  for (const std::string& name : relay_.outer_names) {
    const bool expected = codec::same_name(name, "host") || codec::same_name(name, "content-type") ||
                          codec::same_name(name, "content-length") || codec::same_name(name, "connection");
    EXPECT_TRUE(expected) << name;
  }
}

TEST_F(sealed_call_test, an_answer_without_its_authentic_end_is_truncated) {
  fake_node& node = relay_.add("one", {"m"});
  for (const ending how : {ending::cut_connection, ending::end_without_final}) {
    node.usual.pieces = {"partial"};
    node.usual.how = how;
    const verdict out = call();
    EXPECT_EQ(out.error, errc::truncated);
    EXPECT_TRUE(out.text == "partial");
  }
  EXPECT_EQ(node.calls, 2U) << "a broken answer is never asked for again";
}

TEST_F(sealed_call_test, a_200_that_is_not_sealed_is_refused) {
  fake_node& node = relay_.add("one", {"m"});
  for (const std::string media_type : {"application/json", "message/ohttp-res", "text/plain"}) {
    node.usual.media_type = media_type;
    EXPECT_EQ(call().error, errc::not_sealed);
  }
}

TEST_F(sealed_call_test, a_redirect_is_an_error) {
  fake_node& node = relay_.add("one", {"m"});
  node.usual.clear_status = 307;
  EXPECT_EQ(call().error, errc::not_sealed);
}

TEST_F(sealed_call_test, a_clear_refusal_is_handed_over_as_the_relays_word) {
  fake_node& node = relay_.add("one", {"m"});
  node.usual.clear_status = 413;
  node.usual.clear_code = "body_too_large";
  const verdict out = call();
  EXPECT_EQ(out.error, errc::ok);
  EXPECT_EQ(out.origin, answer_origin::relay);
  EXPECT_EQ(out.status, 413);
  EXPECT_NE(out.text.find("body_too_large"), std::string::npos);
  EXPECT_EQ(node.calls, 1U);
}

TEST_F(sealed_call_test, a_new_key_is_fetched_and_used_once) {
  fake_node& node = relay_.add("one", {"m"});
  EXPECT_EQ(call().error, errc::ok);
  node.forget_keys();                // the node no longer knows what the client's copy lists
  node.listed_key_is_stale = false;  // but the directory lists the new one
  const verdict out = call();
  EXPECT_EQ(out.error, errc::ok);
  EXPECT_EQ(out.origin, answer_origin::node);
  EXPECT_EQ(node.calls, 3U);
}

TEST_F(sealed_call_test, the_same_key_again_is_no_reason_to_retry) {
  fake_node& node = relay_.add("one", {"m"});
  node.forget_keys();  // and the directory goes on listing the old one
  const verdict out = call();
  EXPECT_EQ(out.origin, answer_origin::relay);
  EXPECT_EQ(out.status, 400);
  EXPECT_EQ(node.calls, 1U);
}

TEST_F(sealed_call_test, a_clock_that_is_off_is_corrected_once) {
  fake_node& node = relay_.add("one", {"m"});
  node.usual.clock_s = 3'600;
  const verdict out = call();
  EXPECT_EQ(out.status, 200);
  EXPECT_EQ(node.calls, 2U);
  EXPECT_EQ(call().status, 200);
  EXPECT_EQ(node.calls, 3U) << "what was learnt about this node is kept";

  call_plan moving;
  moving.clock_s = -90'000;
  node.plans = {moving, node.usual};
  const verdict again = call();
  EXPECT_EQ(again.status, 400);
  EXPECT_NE(again.text.find("date_out_of_window"), std::string::npos);
  EXPECT_EQ(node.calls, 5U);
}

TEST_F(sealed_call_test, another_node_is_asked_before_the_first_byte_only) {
  fake_node& first = relay_.add("one", {"m"});
  fake_node& second = relay_.add("two", {"m"});
  struct row {
    int status;
    std::string code;
  };
  for (const row& each : {row{502, "node_gone"}, row{503, "node_busy"}, row{404, "node_not_found"}}) {
    first.calls = second.calls = 0;
    first.usual = second.usual = {};
    call_plan refusal;
    refusal.clear_status = each.status;
    refusal.clear_code = each.code;
    first.plans = {refusal};
    second.plans = {refusal};
    const verdict out = call();  // both refuse once: the second refusal is final
    EXPECT_EQ(out.origin, answer_origin::relay) << each.code;
    EXPECT_EQ(out.status, each.status);
    EXPECT_EQ(first.calls, 1U);
    EXPECT_EQ(second.calls, 1U);
    EXPECT_EQ(call().origin, answer_origin::node);
  }
  first.usual.how = second.usual.how = ending::cut_connection;
  first.calls = second.calls = 0;
  EXPECT_EQ(call().error, errc::truncated);
  EXPECT_EQ(first.calls + second.calls, 1U);
}

TEST_F(sealed_call_test, a_pinned_call_goes_nowhere_else) {
  fake_node& pinned = relay_.add("one", {"m"});
  fake_node& other = relay_.add("two", {"m"});
  pinned.usual.clear_status = 502;
  pinned.usual.clear_code = "node_gone";
  EXPECT_EQ(call({"m", pinned.peer}).status, 502);
  pinned.usual = {};
  EXPECT_EQ(call({"m", pinned.peer}).node, pinned.peer);
  EXPECT_EQ(call({"other", pinned.peer}).error, errc::not_found);
  connect();
  pinned.connected = false;
  EXPECT_EQ(call({"m", pinned.peer}).error, errc::node_not_found);
  EXPECT_EQ(other.calls, 0U);
}

TEST_F(sealed_call_test, the_only_node_is_waited_for_if_it_says_how_long) {
  fake_node& node = relay_.add("one", {"m"});
  call_plan busy;
  busy.clear_status = 503;
  busy.clear_code = "node_busy";
  busy.retry_after = "0";
  node.plans = {busy};
  EXPECT_EQ(call().status, 200);
  busy.retry_after = "3600";
  node.plans = {busy};
  EXPECT_EQ(call().status, 503);
}

TEST_F(sealed_call_test, no_node_and_no_model_are_told_apart) {
  EXPECT_EQ(call().error, errc::node_not_found);
  connect();
  relay_.add("one", {"other"});
  EXPECT_EQ(call().error, errc::not_found);
}

TEST_F(sealed_call_test, a_relay_that_is_not_there_is_named) {
  connect(client_test::nowhere);
  EXPECT_EQ(call().error, errc::relay_unreachable);
}

TEST_F(sealed_call_test, a_request_over_the_limit_is_refused_here) {
  fake_node& node = relay_.add("one", {"m"});
  const auto large = [this]() -> asio::awaitable<errc> {
    call_request made = request();
    made.body = plaintext(bytes(limits::request_bytes_max, 'x'));
    const async::deadline until = async::deadline::after(std::chrono::seconds(20));
    call_wish wish{"m", std::nullopt};
    const auto answer = co_await calls_->call(std::move(made), std::move(wish), until);
    co_return answer.has_error() ? to_errc(answer.error()) : errc::ok;
  };
  EXPECT_EQ(async::run(loop_, large()), errc::message_too_large);
  EXPECT_EQ(node.calls, 0U);
}

TEST_F(sealed_call_test, pieces_come_as_they_are_sealed_and_abort_reaches_the_relay) {
  fake_node& node = relay_.add("one", {"m"});
  node.usual.pieces = {"first", "never"};
  node.usual.wait_before_piece = 1;
  const auto read_one = [this]() -> asio::awaitable<std::string> {
    const async::deadline until = async::deadline::after(std::chrono::seconds(20));
    call_request made = request();
    call_wish wish{"m", std::nullopt};
    result<std::unique_ptr<sealed_answer>> answer =
        co_await calls_->call(std::move(made), std::move(wish), until);
    const result<plaintext> piece = co_await (*answer)->read();
    std::string text(piece->reveal_text());
    (*answer)->abort();
    const result<plaintext> after = co_await (*answer)->read();
    if (after.has_value()) text = "read on after abort";
    co_return text;
  };
  EXPECT_TRUE(async::run(loop_, read_one()) == "first");
  while (relay_.clients_gone == 0) loop_.run_one();
}

}  // namespace
}  // namespace tp::client
