// Relay, nodes and clients of one test, in one process and on one event loop; times are short. Each program
// has services of its own, so that its clock and its metrics are its own too. One per test. What the test
// does not end itself, the destructor cuts; nothing is left running.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "async/run.hpp"
#include "async/task_scope.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/services.hpp"
#include "client/gateway.hpp"
#include "client/sealed_call.hpp"
#include "engine/mock.hpp"
#include "engine/mock_reply.hpp"
#include "net/http_listener.hpp"
#include "node/node.hpp"
#include "relay/relay.hpp"

namespace tp::scenario {

using namespace std::chrono_literals;

// The system's clock, and a shift for wall clocks that are wrong.
class shifted_clock final : public clock_source {
 public:
  std::int64_t unix_milliseconds() const override { return system_.unix_milliseconds() + shift_.count(); }
  steady_time steady_now() const override { return system_.steady_now(); }
  void shift(std::chrono::milliseconds by) { shift_ = by; }

 private:
  system_clock_source system_;
  std::chrono::milliseconds shift_{0};
};

// What a main() makes.
struct program_services {
  explicit program_services(std::uint64_t seed) : random(seed) {}
  shifted_clock clock;
  seeded_random random;
  null_logger log;
  metrics meters;
  services with{clock, random, log, meters};

  // One line of the metrics text, as a number; -1 if there is none. `name` with its labels.
  std::int64_t metric(const std::string& name) const;
};

class relay_place {
 public:
  relay_place(asio::io_context& loop, relay::settings config, std::uint64_t seed);
  ~relay_place();
  std::uint16_t port() const { return port_; }
  codec::url url() const;
  std::size_t nodes() const { return running_->nodes(); }
  std::int64_t metric(const std::string& name) const { return own.metric(name); }
  void drain();                                        // begins to; see stopped()
  bool stopped() const { return tasks_.live() == 0; }  // run() and drain() have returned
  void kill();                                         // as SIGKILL: everything is cut

  program_services own;

 private:
  asio::io_context& loop_;
  std::unique_ptr<relay::relay> running_;
  std::uint16_t port_ = 0;
  async::task_scope tasks_;
};

struct node_plan {
  std::string script{};  // of the mock engine, JSON; empty: none
  std::size_t concurrency = 4;
  std::size_t queue = 16;
  std::uint64_t identity = 1;  // the same number: the same key
  std::chrono::milliseconds engine_silence = 10s;
  std::string api_key{};  // empty: none
  node::key_demand api_key_for = node::key_demand::local;
  std::unique_ptr<engine::engine> model{};  // instead of the mock
  std::string name = "scenario";
  std::vector<codec::url> more_relays{};  // served besides the house's own
  node::times time{.backoff_first = 5ms, .backoff_max = 20ms};
};

class node_place {
 public:
  node_place(asio::io_context& loop, node_plan plan, codec::url relay, std::uint64_t seed);
  ~node_place();
  const codec::peer_id& peer() const { return running_->peer(); }
  std::uint16_t port() const { return running_->port(); }
  const engine::mock& engine() const { return *engine_; }  // unless the plan brought another
  bool serving() const { return running_->relays_serving() > 0; }
  void drain();
  bool stopped() const { return tasks_.live() == 0; }
  void kill();

  program_services own;

 private:
  asio::io_context& loop_;
  std::filesystem::path folder_;
  engine::mock* engine_ = nullptr;
  std::unique_ptr<node::node> running_;
  async::task_scope tasks_;
};

// One sealed chat, under way or over.
struct chat {
  bool begun = false;  // status and fields are known
  bool done = false;
  errc error = errc::ok;  // of the call, or of reading
  client::answer_origin origin = client::answer_origin::node;
  int status = 0;
  codec::http_fields fields;
  std::string text;        // the answer's body so far
  std::size_t pieces = 0;  // reads it came in
  std::optional<codec::peer_id> node;
  std::unique_ptr<client::sealed_answer> answer;

  std::string code() const;  // error.code of the body
  bool has(std::string_view part) const { return text.find(part) != std::string::npos; }
};

class client_place {
 public:
  client_place(asio::io_context& loop, codec::url relay, std::uint64_t seed);
  ~client_place();

  // A chat completion to the mock model, begun; look at the result, with until(), as it grows.
  struct wish {
    std::string says = "hello";
    bool stream = true;
    std::optional<codec::peer_id> pin{};
    std::string authorization{};  // inside the seal; empty: none
    std::string path{};           // a GET of this instead of a chat
  };
  std::shared_ptr<chat> start(wish of);
  std::shared_ptr<chat> start() { return start(wish{}); }
  // A sealed body for the node, as it would be posted.
  bytes seal(const codec::peer_id& node, std::string_view json);

  program_services own;
  net::http_client http;
  client::known_nodes known;
  client::directory nodes;
  client::sealed_client calls;

 private:
  asio::awaitable<void> run(std::shared_ptr<chat> out, client::call_request request, client::call_wish to);
  asio::io_context& loop_;
  async::task_scope tasks_;
};

class house : public ::testing::Test {
 protected:
  house() = default;
  ~house() override;

  // Short times; a test changes what it is about.
  static relay::settings quick_relay();

  relay_place& open_relay(relay::settings config = quick_relay());
  node_place& add_node(node_plan plan = {});  // returns when it serves
  client_place& add_client();
  // Opens a relay, a node and a client, the usual scene.
  void furnish(node_plan plan = {}, relay::settings config = quick_relay());

  // Runs the loop until it holds; false after the time.
  bool until(const std::function<bool()>& holds, std::chrono::milliseconds within = 15s);
  // Runs a chat to its end.
  std::shared_ptr<chat> talk(client_place::wish of = {});
  // Whether a new call works: what every fault must leave behind.
  bool still_works();
  template <class T>
  T run(asio::awaitable<T> work) {
    return async::run(loop, std::move(work));
  }

  asio::io_context loop;
  std::unique_ptr<relay_place> relay_;
  std::list<node_place> nodes_;
  std::list<client_place> clients_;

  node_place& first() { return nodes_.front(); }
  client_place& client() { return clients_.front(); }
  std::uint64_t seed_ = 100;
};

}  // namespace tp::scenario
