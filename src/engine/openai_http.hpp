// An OpenAI-compatible server that somebody already runs (Ollama, vLLM, LM Studio, llama-server, …), by its
// URL. Probed with GET /v1/models: at once, then every probe_interval; a lost one with back-off until it is
// back. Owned by the node; event-loop thread only. Refuses servers that are not compatible, and keys that
// they refuse.
#pragma once

#include <memory>
#include <vector>

#include "async/event.hpp"
#include "async/task_scope.hpp"
#include "engine/http_backend.hpp"

namespace tp::engine {

struct openai_http_settings {
  backend_settings server;
  std::vector<std::string> capabilities;  // shown for every model; empty: not known
  std::chrono::nanoseconds probe_interval = limits::engine_probe_interval;
  std::chrono::milliseconds backoff_first = limits::engine_backoff_first;
  std::chrono::milliseconds backoff_max = limits::engine_backoff_max;
};

class openai_http final : public engine {
 public:
  // `tls` may be null for http; it and the services outlive the engine.
  openai_http(const boost::asio::any_io_executor& executor, openai_http_settings settings,
              const net::tls_client* tls, services& with);
  ~openai_http() override;

  async::task<std::unique_ptr<engine_answer>> call(engine_request request, async::deadline until) override;
  std::vector<model_info> models() const override { return models_; }
  async::task<void> start(async::deadline until) override;
  boost::asio::awaitable<void> stop() override;
  engine_state state() const override { return state_; }
  engine_reason reason() const override { return reason_; }

 private:
  boost::asio::awaitable<void> keep_probing();
  void on_models(const std::vector<openai::model_entry>& listed);
  void on_lost(errc why);
  void change(engine_state to, engine_reason why);
  std::chrono::nanoseconds next_wait();

  boost::asio::any_io_executor executor_;
  openai_http_settings settings_;
  services& services_;
  std::shared_ptr<call_list> calls_ = std::make_shared<call_list>();
  std::shared_ptr<http_backend> server_;
  std::vector<model_info> models_;
  engine_state state_ = engine_state::stopped;
  engine_reason reason_ = engine_reason::none;
  std::size_t probes_lost_ = 0;
  std::chrono::milliseconds backoff_;
  async::event changed_;     // state, for start()
  async::event probe_now_;   // a call found nobody there
  async::task_scope scope_;  // keep_probing
};

}  // namespace tp::engine
