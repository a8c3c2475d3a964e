// Limits on inference requests: who counts, what counts, and what the answer says.
#include "scenario/raw_client.hpp"

namespace tp::scenario {
namespace {

class rates : public house {
 protected:
  static relay::settings limited(std::int64_t tokens) {
    relay::settings config = quick_relay();
    config.rates.rules.request = {tokens, std::chrono::hours(1)};
    config.rates.origin = relaycore::limits_origin::set_by_operator;
    return config;
  }
  raw_answer ask(const std::string& method, const std::string& target, const std::string& fields = {}) {
    raw_client one(loop, relay_->port());
    one.send(method + " " + target + " HTTP/1.1\r\nHost: r\r\n" + fields + "Content-Length: 2\r\n\r\n{}");
    return one.answer();
  }
};

TEST_F(rates, one_bucket_counts_every_inference_route_and_nothing_else) {
  furnish({}, limited(4));
  const std::string body = R"({"model":"mock-model","messages":[{"role":"user","content":"hi"}]})";
  raw_client one(loop, relay_->port());
  one.send(sealed_post(first().peer(), client().seal(first().peer(), body)));
  const raw_answer hot = one.answer();
  EXPECT_EQ(hot.status, 200);
  EXPECT_EQ(hot.fields.find("x-ratelimit-limit"), "4");
  EXPECT_EQ(hot.fields.find("x-ratelimit-remaining"), "3");
  EXPECT_TRUE(hot.fields.find("x-ratelimit-reset").has_value());
  for (const std::string target : {"/livez", "/api/v2/nodes", "/v1/models", "/next_server", "/"}) {
    const raw_answer free = ask("GET", target);
    EXPECT_EQ(free.status, 200) << target;
    EXPECT_FALSE(free.fields.find("x-ratelimit-limit").has_value()) << target;
  }
  EXPECT_EQ(ask("POST", "/retrieve").status, 400);
  EXPECT_EQ(ask("POST", "/v1/chat/completions").fields.find("x-ratelimit-remaining"), "2");
  EXPECT_EQ(ask("POST", "/faucet").fields.find("x-ratelimit-remaining"), "1");
  EXPECT_EQ(ask("POST", "/api/v1/embeddings").fields.find("x-ratelimit-remaining"), "0");
  one.send(sealed_post(first().peer(), as_bytes("envelope")));
  for (const raw_answer& out : {one.answer(), ask("POST", "/faucet"), ask("POST", "/v2/completions")}) {
    EXPECT_EQ(out.status, 429);
    EXPECT_EQ(out.code(), "rate_limit_exceeded");
    EXPECT_EQ(out.fields.find("x-ratelimit-remaining"), "0");
    const std::string wait(out.fields.find("retry-after").value_or("0"));
    EXPECT_TRUE(std::stoi(wait) > 850 && std::stoi(wait) <= 900) << wait;
    EXPECT_NE(out.body.find("Rate limit exceeded: 4 per 1 hour. Try again in " + wait + " seconds."),
              std::string::npos);
  }
  EXPECT_EQ(relay_->metric("token_place_relay_rate_limited_total"), 3);
  relay_->own.clock.shift(15min);
  EXPECT_EQ(ask("POST", "/faucet").status, 400) << "a quarter of an hour gives one back";
  one.send(std::string("GET /livez HTTP/1.1\r\nHost: r\r\n\r\n"));
  EXPECT_EQ(one.answer().status, 200) << "the connection is good";
}

TEST_F(rates, this_machine_is_exempt_unless_the_operator_set_a_limit_or_a_proxy_speaks) {
  relay::settings config = limited(1);
  config.rates.origin = relaycore::limits_origin::defaults;
  open_relay(std::move(config));
  for (int i = 0; i < 3; ++i) {
    const raw_answer free = ask("POST", "/v1/chat/completions");
    EXPECT_EQ(free.status, 503);
    EXPECT_FALSE(free.fields.find("x-ratelimit-limit").has_value());
  }
  const std::string forwarded = "X-Forwarded-For: 192.0.2.1\r\n";
  EXPECT_EQ(ask("POST", "/v1/chat/completions", forwarded).status, 503);
  EXPECT_EQ(ask("POST", "/v1/chat/completions", forwarded).status, 429);
  EXPECT_EQ(ask("POST", "/v1/chat/completions", "X-Forwarded-For: 192.0.2.2\r\n").status, 429)
      << "that proxy is not believed: they are one";
  EXPECT_EQ(ask("POST", "/v1/chat/completions").status, 503);
}

TEST_F(rates, clients_of_a_trusted_proxy_have_buckets_of_their_own) {
  relay::settings config = limited(1);
  const std::vector<std::string> here{"127.0.0.0/8"};
  config.rates.proxies = *relaycore::trusted_proxies::parse(here);
  open_relay(std::move(config));
  struct row {
    std::string field;
    int status;
  };
  const row rows[] = {
      {"X-Forwarded-For: 192.0.2.1\r\n", 503},
      {"X-Forwarded-For: 192.0.2.1\r\n", 429},
      {"X-Forwarded-For: 198.51.100.9, 192.0.2.1\r\n", 429},  // the client wrote the first itself
      {"X-Forwarded-For: 192.0.2.2\r\n", 503},
      {"Forwarded: for=192.0.2.2\r\n", 429},
      {"X-Forwarded-For: 2001:db8::1\r\n", 503},
      {"X-Forwarded-For: 2001:db8::2\r\n", 429},  // the same /64
      {"X-Forwarded-For: 2001:db8:0:1::1\r\n", 503},
  };
  for (const row& each : rows) {
    EXPECT_EQ(ask("POST", "/v1/chat/completions", each.field).status, each.status) << each.field;
  }
}

}  // namespace
}  // namespace tp::scenario
