// tokenplace up: relay, node and gateway on this machine, as children. Ready means: the node is in the
// relay's directory with a good record. Ctrl-C stops all, in order; whatever ends this program ends them.
#include <cstdio>

#include "async/signals.hpp"
#include "base/limits.hpp"
#include "cli/commands.hpp"
#include "cli/sibling.hpp"
#include "cli/supervisor.hpp"
#include "cli/terminal_text.hpp"
#include "crypto/key_file.hpp"
#include "net/listener.hpp"

namespace tp::cli {

namespace {

bool is_free(const context& of, std::uint16_t port) {
  return net::listener::open(of.loop.get_executor(), {.host = "127.0.0.1", .port = port}).has_value();
}

// The wanted port, or a free one when nobody insists; 0: taken.
std::uint16_t settle_port(const context& of, std::string_view option) {
  const auto wanted = static_cast<std::uint16_t>(of.values.integer(option));
  if (is_free(of, wanted)) return wanted;
  if (of.values.given(option)) {
    complain(of.values.refusal_line(option, "port " + std::to_string(wanted) + " is in use"));
    return 0;
  }
  const result<std::unique_ptr<net::listener>> any = net::listener::open(of.loop.get_executor(), {});
  return any.has_value() ? (*any)->port() : std::uint16_t{0};
}

class up {
 public:
  explicit up(const context& of) : of_(of), children_(of.loop.get_executor(), of.with) {}

  // Whether all is chosen; says why not.
  bool prepare() {
    const bool own_relay = !of_.values.given("relay") && !of_.values.flag("no-relay");
    port_ = static_cast<std::uint16_t>(of_.values.integer("port"));
    relay_url_ =
        of_.values.given("relay") ? of_.values.text("relay") : "http://127.0.0.1:" + std::to_string(port_);
    if (own_relay && !is_free(of_, port_)) {
      complain("port " + std::to_string(port_) +
               " is in use: stop what listens there, choose another with --port, or use a relay that runs "
               "there with "
               "--no-relay");
      return false;
    }
    starts_relay_ = own_relay;
    gateway_port_ = settle_port(of_, "gateway-port");
    server_port_ = settle_port(of_, "server-port");
    if (gateway_port_ == 0 || server_port_ == 0) return false;
    const result<std::filesystem::path> folder = state_dir(of_.values);
    if (folder.has_error()) {
      complain(of_.values.refusal_line("state-dir", "the folder cannot be made or used"));
      return false;
    }
    folder_ = *folder;
    const std::string programs[] = {"tokenplace-relay", "tokenplace-server"};
    for (const std::string& program : programs) {
      if (!find_sibling(program, of_.variables).empty()) continue;
      complain(program + " is neither beside this program nor on PATH; build or install it");
      return false;
    }
    access_ = relay_access::open(of_, relay_url_);
    return access_ != nullptr;
  }

  // Until something ends it. True: nothing was wrong.
  task<void> run() {
    const async::deadline until = async::deadline::after(of_.values.duration("ready-time"));
    const std::string gateway_url = "http://127.0.0.1:" + std::to_string(gateway_port_);
    if (starts_relay_) {
      const result<void> relay = co_await start_ready("relay", relay_plan(gateway_url), relay_url_, until);
      if (relay.has_error()) co_return relay.error();
    }
    const std::string server_url = "http://127.0.0.1:" + std::to_string(server_port_);
    const result<void> gateway = co_await start_ready("gateway", gateway_plan(), gateway_url, until);
    if (gateway.has_error()) co_return gateway.error();
    const result<void> server = children_.start(server_plan());
    if (server.has_error()) co_return server.error();
    const result<client::node_entry> node = co_await wait_node(until);
    if (node.has_error()) co_return node.error();
    children_.expect_service();
    tell(node->record);
    const result<std::string> lost = co_await children_.wait_loss();
    if (lost.has_error()) co_return lost.error();
    co_return errc::node_gone;
  }

  asio::awaitable<void> stop() { co_await children_.stop(limits::child_grace); }

 private:
  std::vector<std::string> common() const {
    const std::string level = of_.values.given("log-level") ? of_.values.text("log-level") : "warning";
    return {"--state-dir", folder_.string(), "--log-level",
            level,         "--log-format",   of_.values.text("log-format")};
  }

  child_plan plan(std::string name, std::string program, std::vector<std::string> arguments) const {
    child_plan made{std::move(name), {std::move(program)}, child_environment(of_.variables)};
    for (std::string& each : arguments) made.arguments.push_back(std::move(each));
    for (std::string& each : common()) made.arguments.push_back(std::move(each));
    return made;
  }

  child_plan relay_plan(const std::string& gateway_url) const {
    return plan("relay", find_sibling("tokenplace-relay", of_.variables),
                {"--host", "127.0.0.1", "--port", std::to_string(port_), "--gateway-url", gateway_url});
  }

  child_plan gateway_plan() const {
    return plan("gateway", own_path(),
                {"gateway", "--listen", "127.0.0.1:" + std::to_string(gateway_port_), "--relay", relay_url_});
  }

  child_plan server_plan() const {
    std::vector<std::string> arguments{"--relay-url", relay_url_,      "--server-host",
                                       "127.0.0.1",   "--server-port", std::to_string(server_port_)};
    if (of_.values.flag("mock")) arguments.push_back("--use-mock-llm");
    for (const std::string& model : of_.values.list("model")) {
      arguments.push_back("--model");
      arguments.push_back(model);
    }
    for (const std::string_view option : {"engine", "engine-url", "name"}) {
      if (of_.values.text(option).empty()) continue;
      arguments.push_back(std::string("--").append(option));
      arguments.push_back(of_.values.text(option));
    }
    for (const std::string_view option : {"context", "max-concurrency"}) {
      arguments.push_back(std::string("--").append(option));
      arguments.push_back(std::to_string(of_.values.integer(option)));
    }
    return plan("node", find_sibling("tokenplace-server", of_.variables), std::move(arguments));
  }

  // Starts one program and waits until it answers on /livez.
  task<void> start_ready(std::string name, child_plan what, std::string url, async::deadline until) {
    const result<void> started = children_.start(std::move(what));
    if (started.has_error()) co_return started.error();
    const result<codec::url> origin = codec::parse_url(url);
    net::http_client probe(of_.loop.get_executor(), *origin, nullptr, of_.with);
    while (!until.passed()) {
      if (!children_.running(name)) co_return errc::node_gone;
      net::http_request request;
      request.target = "/livez";
      const result<std::unique_ptr<net::http_response>> answer =
          co_await probe.send(std::move(request), until);
      if (answer.has_value() && (*answer)->status() == 200) co_return async::success();
      const result<void> slept = co_await async::sleep_for(limits::ready_poll_interval);
      if (slept.has_error()) co_return slept.error();
    }
    complain(name + " did not become ready in time");
    co_return errc::deadline_exceeded;
  }

  // The node made its identity when it started; then the relay must list it.
  task<client::node_entry> wait_node(async::deadline until) {
    bool told = false;
    const steady_time begun = of_.with.clock.steady_now();
    while (!until.passed()) {
      if (!children_.running("node")) co_return errc::node_gone;
      const result<crypto::ed25519_key> key = crypto::load_identity(folder_ / "identity.key");
      if (key.has_value()) {
        const codec::peer_id peer = codec::peer_id::from_public_key(key->public_key());
        result<client::node_entry> entry = co_await access_->nodes().fetch_one(peer, until);
        if (entry.has_value() && !entry->record.fields().models.empty()) co_return std::move(entry);
        if (entry.has_error() && entry.error() == errc::cancelled) co_return errc::cancelled;
      }
      if (!told && of_.with.clock.steady_now() - begun > std::chrono::seconds(2)) {
        complain("waiting for engine and model …");
        told = true;
      }
      const result<void> slept = co_await async::sleep_for(limits::ready_poll_interval);
      if (slept.has_error()) co_return slept.error();
    }
    complain("the node did not become ready in time; look at its lines with --log-level info");
    co_return errc::deadline_exceeded;
  }

  void tell(const e2ee::verified_record& node) const {
    std::string models;
    for (const e2ee::model_entry& each : node.fields().models) {
      models.append(models.empty() ? "" : ", ").append(clean_line(each.id));
    }
    const std::string port = std::to_string(port_);
    const std::string api = starts_relay_ ? "http://localhost:" + port + "/v1"
                                          : "http://localhost:" + std::to_string(gateway_port_) + "/v1";
    const std::string page = starts_relay_ ? "http://localhost:" + port + "/" : relay_url_;
    std::printf("token.place is up.\n");
    std::printf("  web page   %s\n", page.c_str());
    std::printf("  API        %s   (for any OpenAI program; also %u)\n", api.c_str(),
                unsigned{gateway_port_});
    std::printf("  node       %s  %s\n", node.peer().text().c_str(), clean_line(node.fields().name).c_str());
    std::printf("  model      %s\n", models.c_str());
    std::printf("Try: tokenplace chat%s   Stop: Ctrl-C\n",
                relay_url_ == "http://127.0.0.1:5000" ? "" : (" --relay " + relay_url_).c_str());
    std::fflush(stdout);
  }

  const context& of_;
  supervisor children_;
  std::unique_ptr<relay_access> access_;
  std::filesystem::path folder_;
  std::string relay_url_;
  std::uint16_t port_ = 0;
  std::uint16_t gateway_port_ = 0;
  std::uint16_t server_port_ = 0;
  bool starts_relay_ = true;
};

}  // namespace

int run_up(const context& of) {
  up job(of);
  if (!job.prepare()) return 1;
  bool asked_to_stop = false;
  async::task_scope scope(of.loop.get_executor());
  const async::stop_signals signals(of.loop.get_executor(), [&] {
    asked_to_stop = true;
    scope.cancel();
  });
  result<void> outcome = errc::cancelled;
  scope.spawn(
      [](up* what, result<void>* out) -> asio::awaitable<void> {
        result<void> ended = co_await what->run();
        *out = ended;
      },
      &job, &outcome);
  while (scope.live() > 0) of.loop.run_one();
  if (asked_to_stop) complain("stopping …");
  if (!asked_to_stop && outcome.has_error())
    complain("giving up (" + std::string(name(to_errc(outcome.error()))) + "); stopping the rest");
  async::run(of.loop, job.stop());
  return asked_to_stop ? 0 : 1;
}

}  // namespace tp::cli
