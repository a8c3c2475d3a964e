#include "server/app.hpp"

#include "codec/url.hpp"
#include "config/load.hpp"
#include "engine/engine_choice.hpp"
#include "node/node.hpp"
#include "program.hpp"
#include "reasons.hpp"

namespace tp::server_app {

namespace {

constexpr std::string_view name = "tokenplace-server";

node::settings settings_from(const config::settings& values) {
  node::settings out;
  for (const std::string& text : values.list("relay-url")) {
    codec::url relay = *codec::parse_url(text);
    const bool no_port = text.find(":" + std::to_string(relay.port)) == std::string::npos;
    if (values.integer("relay-port") != 0 && no_port)
      relay.port = static_cast<std::uint16_t>(values.integer("relay-port"));
    out.relays.push_back(std::move(relay));
  }
  out.relay_ca = values.path("relay-ca").string();
  out.name = values.text("name");
  out.host = values.text("server-host");
  out.port = static_cast<std::uint16_t>(values.integer("server-port"));
  out.api_key = secret_key(values.secret("api-key").reveal());
  out.api_key_for =
      values.text("api-key-for") == "everyone" ? node::key_demand::everyone : node::key_demand::local;
  out.concurrency = static_cast<std::size_t>(values.integer("max-concurrency"));
  out.queue = static_cast<std::size_t>(values.integer("max-queue"));
  out.time.queue = values.duration("queue-time");
  out.time.drain = values.duration("drain-time");
  out.environment = values.text("env");
  out.state_dir = values.path("state-dir");
  return out;
}

engine::engine_options engine_options_from(const config::settings& values,
                                           const config::environment& variables) {
  engine::engine_options out;
  out.mock = values.flag("use-mock-llm");
  out.mock_script = values.path("mock-script").string();
  out.engine_url = values.text("engine-url");
  out.engine_key = secret_key(values.secret("engine-api-key").reveal());
  out.engine_path = values.path("engine").string();
  out.models = values.list("model");
  out.context = values.integer("context");
  out.threads = static_cast<std::size_t>(values.integer("engine-threads"));
  out.max_concurrency = static_cast<std::size_t>(values.integer("max-concurrency"));
  out.cache_dir = values.path("cache-dir").string();
  for (const auto& [variable, value] : variables) out.environment.push_back(variable + "=" + value);
  return out;
}

std::string why_not(errc failure, const config::settings& values) {
  const std::string where = values.text("server-host") + ":" + std::to_string(values.integer("server-port"));
  if (failure == errc::invalid_configuration) {
    return "--server-host " + values.text("server-host") +
           " is not loopback, so an API key is needed: set TOKEN_PLACE_API_KEY";
  }
  if (failure == errc::key_file_invalid)
    return values.refusal_line("relay-ca", "there are no certificates (PEM) in it");
  return where + " " + apps::listening_reason(failure) + " (--server-host, --server-port)";
}

asio::awaitable<void> serve(node::node* serving, int* code) {
  const auto ended = co_await serving->run();
  if (ended) co_return;
  *code = 1;
  const std::string reason(tp::engine::name(serving->model().reason()));
  apps::complain(name,
                 "the engine did not start (" + reason + "); try --use-mock-llm, or see docs/OPERATIONS.md");
}

asio::awaitable<void> drain(node::node* serving) { co_await serving->drain(); }

}  // namespace

int run(const config::settings& values, const config::environment& variables) {
  apps::harden_process();
  if (const std::string unreadable = apps::unreadable_file(values, "relay-ca"); !unreadable.empty()) {
    apps::complain(name, unreadable);
    return 2;
  }
  apps::program process(name, values);
  auto identity = process.identity("identity.key");
  if (!identity) return 1;
  std::optional<net::tls_client> roots;
  if (values.text("engine-url").starts_with("https:")) {
    auto made = net::tls_client::from_system_roots();
    if (made) roots = std::move(*made);
  }
  engine::engine_refusal refusal;
  auto model = engine::make_engine(process.executor(), engine_options_from(values, variables),
                                   roots ? &*roots : nullptr, process.with(), refusal);
  if (!model) {
    apps::complain(name, refusal.message);
    return refusal.why == errc::invalid_configuration ? 2 : 1;
  }
  node::settings config = settings_from(values);
  auto made = node::node::open(process.executor(), std::move(config), std::move(*identity), std::move(model),
                               process.with());
  if (!made) {
    apps::complain(name, why_not(to_errc(made.error()), values));
    return to_errc(made.error()) == errc::invalid_configuration ? 2 : 1;
  }
  node::node* const serving = made->get();
  int code = 0;
  process.serve(serve(serving, &code), [serving] { return drain(serving); });
  return code;
}

}  // namespace tp::server_app
