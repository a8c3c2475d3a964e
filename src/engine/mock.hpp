// The mock engine: no download, deterministic, streamed word by word; scripts give it delays and faults
// (mock_script). For first steps (--use-mock-llm) and tests. Owned by the node; event-loop thread only.
#pragma once

#include <memory>
#include <vector>

#include "base/limits.hpp"
#include "base/services.hpp"
#include "engine/call_list.hpp"
#include "engine/engine.hpp"
#include "engine/mock_script.hpp"

namespace tp::engine {

struct mock_settings {
  std::vector<mock_rule> rules{};
  std::chrono::nanoseconds silence_time = limits::engine_silence_time;  // a hanging mock fails after it
};

class mock final : public engine {
 public:
  mock(mock_settings settings, services& with);
  ~mock() override;

  async::task<std::unique_ptr<engine_answer>> call(engine_request request, async::deadline until) override;
  std::vector<model_info> models() const override;
  async::task<void> start(async::deadline until) override;
  boost::asio::awaitable<void> stop() override;
  engine_state state() const override { return state_; }
  engine_reason reason() const override { return engine_reason::none; }

  // For tests: what is being generated right now, and how many calls there were.
  std::size_t calls_under_way() const { return calls_->size(); }
  std::size_t calls() const { return call_count_; }

 private:
  mock_settings settings_;
  services& services_;
  std::shared_ptr<call_list> calls_ = std::make_shared<call_list>();
  std::size_t call_count_ = 0;
  engine_state state_ = engine_state::stopped;
};

}  // namespace tp::engine
