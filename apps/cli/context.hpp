// What every command is handed: its settings, the environment, services and the event loop; and what the
// commands that talk to a relay share. Made once per run in app.cpp; event loop thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/run.hpp"
#include "async/task_scope.hpp"
#include "base/metrics.hpp"
#include "base/services.hpp"
#include "client/directory.hpp"
#include "client/known_nodes.hpp"
#include "client/sealed_call.hpp"
#include "config/load.hpp"
#include "net/http_client.hpp"
#include "net/tls.hpp"

namespace tp::cli {

using async::task;

struct context {
  const config::settings& values;
  const config::environment& variables;
  const std::vector<std::string>& words;
  services& with;
  asio::io_context& loop;
};

// Prints "tokenplace: …" on stderr. For our own texts only.
void complain(std::string_view text);

// What a person should know about a failure, from the same table that answers over HTTP.
std::string explain(errc failure);

// Everything between a command and a relay.
class relay_access {
 public:
  // Complains and returns null when the address or the certificates are no good.
  static std::unique_ptr<relay_access> open(const context& of, std::string_view relay_url);
  ~relay_access();
  relay_access(const relay_access&) = delete;
  relay_access& operator=(const relay_access&) = delete;

  net::http_client& http() { return *http_; }
  client::directory& nodes() { return *nodes_; }
  client::sealed_client& calls() { return *calls_; }
  client::known_nodes& known() { return known_; }

 private:
  relay_access() = default;
  std::filesystem::path known_file_;
  client::known_nodes known_;
  std::optional<net::tls_client> tls_;
  std::unique_ptr<net::http_client> http_;
  std::unique_ptr<client::directory> nodes_;
  std::unique_ptr<client::sealed_client> calls_;
};

std::optional<codec::peer_id> pinned_node(const config::settings& values);

// state-dir, made with mode 0700 where missing. permission_denied, io_error.
result<std::filesystem::path> state_dir(const config::settings& values);

enum class ended { by_itself, interrupted };

// Runs one job to its end; SIGINT and SIGTERM cancel it.
template <class T>
struct outcome {
  ended how = ended::by_itself;
  result<T> value = errc::cancelled;
};

template <class T>
outcome<T> run_interruptibly(asio::io_context& loop, task<T> job) {
  outcome<T> out;
  async::task_scope scope(loop.get_executor());
  asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](const error_code& error, int) {
    if (error) return;
    out.how = ended::interrupted;
    scope.cancel();
  });
  scope.spawn(
      [](task<T> inner, result<T>* value) -> asio::awaitable<void> {
        result<T> got = co_await std::move(inner);
        *value = std::move(got);
      },
      std::move(job), &out.value);
  loop.restart();
  while (scope.live() > 0) loop.run_one();
  return out;
}

}  // namespace tp::cli
