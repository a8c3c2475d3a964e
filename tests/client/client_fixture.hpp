// A client and the relay it uses, in one process: what the tests of this folder start from.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "client/fake_relay.hpp"
#include "client/sealed_call.hpp"

namespace tp::client_test {

class client_fixture : public ::testing::Test {
 protected:
  client_fixture() { connect(); }

  // A new client that remembers nothing, at `relay_` or elsewhere.
  void connect() { connect("http://127.0.0.1:" + std::to_string(relay_.port())); }
  void connect(const std::string& relay_url) {
    known_ = {};
    http_ = client_of(relay_url);
    nodes_ = std::make_unique<client::directory>(*http_, known_, with_);
    calls_ = std::make_unique<client::sealed_client>(*http_, *nodes_, with_);
  }

  std::unique_ptr<net::http_client> client_of(const std::string& url) {
    return std::make_unique<net::http_client>(loop_.get_executor(), *codec::parse_url(url), nullptr, with_);
  }

  asio::io_context loop_;
  system_clock_source clock_;
  seeded_random random_{11};
  null_logger log_;
  metrics meters_;
  services with_{clock_, random_, log_, meters_};
  fake_relay relay_{loop_, with_};
  client::known_nodes known_;
  std::unique_ptr<net::http_client> http_;
  std::unique_ptr<client::directory> nodes_;
  std::unique_ptr<client::sealed_client> calls_;
};

inline constexpr const char* nowhere = "http://127.0.0.1:1";  // nobody listens there

}  // namespace tp::client_test
