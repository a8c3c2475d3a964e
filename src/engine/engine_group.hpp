// Several engines as one: each call goes to the engine that lists its model. One llama-server serves one
// model, so a node with three models has three of them here. Owned by the node; event-loop thread only.
// Refuses (engine_unavailable) a model that no ready engine lists.
#pragma once

#include <memory>
#include <vector>

#include "engine/engine.hpp"

namespace tp::engine {

class engine_group final : public engine {
 public:
  // At least one.
  explicit engine_group(std::vector<std::unique_ptr<engine>> members);
  ~engine_group() override;

  async::task<std::unique_ptr<engine_answer>> call(engine_request request, async::deadline until) override;
  // Of the ready ones.
  std::vector<model_info> models() const override;
  // One after the other: they share this machine's memory and cores. Succeeds if any did.
  async::task<void> start(async::deadline until) override;
  boost::asio::awaitable<void> stop() override;
  // The best state of any, and the reason of the first that is not ready.
  engine_state state() const override;
  engine_reason reason() const override;

 private:
  engine* find(std::string_view model) const;

  std::vector<std::unique_ptr<engine>> members_;
};

}  // namespace tp::engine
