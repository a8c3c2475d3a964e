// llama.cpp's llama-server as a supervised child: free port on the loopback, a key of its own so that nobody
// else on the machine can use it, readiness by /health, restart with back-off and bounded tries. It dies with
// this process. Owned by the node; event-loop thread only, which must be the thread that lives as long as the
// process (see async/child_process). Its output is counted and classified, never shown.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/child_process.hpp"
#include "async/event.hpp"
#include "async/task_scope.hpp"
#include "engine/http_backend.hpp"
#include "engine/llama_command.hpp"
#include "engine/llama_log.hpp"
#include "engine/restart_policy.hpp"

namespace tp::engine {

struct llama_server_settings {
  llama_options options;
  std::vector<std::string> environment;  // "NAME=value": the child's, to which its key is added
  std::chrono::nanoseconds load_time = limits::engine_load_time;
  std::chrono::nanoseconds probe_interval = limits::engine_probe_interval;
  std::chrono::nanoseconds probe_time = limits::engine_probe_time;
  std::chrono::nanoseconds silence_time = limits::engine_silence_time;
  std::chrono::nanoseconds stop_time = limits::engine_stop_time;
  restart_settings restarts;
};

class llama_server final : public engine {
 public:
  llama_server(const boost::asio::any_io_executor& executor, llama_server_settings settings, services& with);
  ~llama_server() override;

  async::task<std::unique_ptr<engine_answer>> call(engine_request request, async::deadline until) override;
  std::vector<model_info> models() const override { return models_; }
  async::task<void> start(async::deadline until) override;
  // Asks the child to end, and kills it after stop_time; at once when cancelled.
  boost::asio::awaitable<void> stop() override;
  engine_state state() const override { return state_; }
  engine_reason reason() const override { return reason_; }

  // For tests and doctor: 0 when there is none.
  int child_pid() const { return child_ == nullptr ? 0 : static_cast<int>(child_->pid()); }

 private:
  enum class child_end { still_running, stopped, cancelled, failed, retry_without_embeddings };

  boost::asio::awaitable<void> supervise();
  boost::asio::awaitable<child_end> run_child();
  boost::asio::awaitable<child_end> until_ready();
  boost::asio::awaitable<child_end> while_ready();
  boost::asio::awaitable<child_end> wait_for_change(std::chrono::nanoseconds at_most);
  boost::asio::awaitable<void> watch_child();
  async::task<void> read_help();
  async::task<int> try_chat();
  result<void> start_child();
  child_end fail(engine_reason why);
  void change(engine_state to, engine_reason why);

  boost::asio::any_io_executor executor_;
  llama_server_settings settings_;
  services& services_;
  std::shared_ptr<call_list> calls_ = std::make_shared<call_list>();

  // The child of now.
  std::unique_ptr<async::child_process> child_;
  const async::child_process* helper_ = nullptr;  // the one that says what it can, while it runs
  std::shared_ptr<http_backend> server_;
  llama_log child_log_;
  bool child_ended_ = false;

  llama_help help_;
  embedding_support embeddings_ = embedding_support::on;
  restart_policy restarts_;
  std::vector<model_info> models_;
  engine_state state_ = engine_state::stopped;
  engine_reason reason_ = engine_reason::none;
  bool stopping_ = false;
  async::event changed_;     // state, for start()
  async::event wake_;        // the child ended, or stop()
  async::task_scope scope_;  // supervise
};

}  // namespace tp::engine
