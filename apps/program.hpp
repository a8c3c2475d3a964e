// What the relay's and the node's programs have in common: a hardened process, services, the state folder,
// the identity, one loop that serves until a signal asks it to drain. A local of the app's run function.
// Refuses to start where the state folder or its key cannot be used.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <string_view>

#include "async/task.hpp"
#include "base/metrics.hpp"
#include "base/services.hpp"
#include "config/settings.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/random.hpp"

namespace tp::apps {

// No core dumps (they would hold words), no SIGPIPE, as many descriptors as the system allows.
void harden_process();

// "tokenplace-relay: …" on stderr, one line. For our own texts only.
void complain(std::string_view program, std::string_view text);

class program {
 public:
  program(std::string_view name, const config::settings& values);

  services& with() { return with_; }
  asio::any_io_executor executor() { return loop_.get_executor(); }
  const std::filesystem::path& state_dir() const { return state_dir_; }

  // Makes the state folder (mode 0700) and reads or makes `<state-dir>/<file>`. Complains on failure.
  result<crypto::ed25519_key> identity(std::string_view file);

  // Runs `serve`; the first SIGINT or SIGTERM starts `drain`, a second ends the process at once. Returns when
  // serve has.
  void serve(asio::awaitable<void> serve, std::function<asio::awaitable<void>()> drain);

 private:
  std::string_view name_;
  std::filesystem::path state_dir_;
  system_clock_source clock_;
  crypto::os_random random_;
  stderr_logger log_;
  metrics meters_;
  services with_;
  asio::io_context loop_{1};
};

}  // namespace tp::apps
