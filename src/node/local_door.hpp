// The owner's door: the OpenAI API of the engine on loopback, health and metrics (CONTRACT "Node routes").
// One per node; event loop thread only. Refuses everything under /v1 without the key when one is set.
#pragma once

#include "net/http_server.hpp"
#include "node/api.hpp"
#include "node/settings.hpp"

namespace tp::node {

class local_door {
 public:
  local_door(api& behind, const engine::engine& model, const settings& config, const meters& count,
             services& with)
      : api_(behind), engine_(model), config_(config), count_(count), with_(with) {}

  asio::awaitable<void> serve(net::http_exchange& call);

 private:
  asio::awaitable<void> serve_api(net::http_exchange& call, std::string target);
  std::string health() const;

  api& api_;
  const engine::engine& engine_;
  const settings& config_;
  const meters& count_;
  services& with_;
};

}  // namespace tp::node
