// What makes the tokens, as the node sees it. Implementations: llama_server (a child of ours), openai_http (a
// server somebody already runs), mock. Owned by the node; event-loop thread only. An engine takes what
// openai/routes allows and has been checked (openai/payload); it refuses nothing by content and admits
// without limit: the node decides how many calls run at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/deadline.hpp"
#include "async/task.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace tp::engine {

struct model_info {
  std::string id;
  std::int64_t context_length = 0;          // tokens; 0 = not known
  std::vector<std::string> capabilities{};  // of: chat completion embedding vision tools

  bool operator==(const model_info&) const = default;
};

struct engine_request {
  std::string method;
  std::string target;  // under /v1, as in openai/routes
  std::string content_type;
  std::string model;  // as openai::request_facts found it; may be empty
  plaintext body;
};

// One answer. Destroying it is abort().
class engine_answer {
 public:
  virtual ~engine_answer() = default;
  virtual int status() const = 0;
  virtual std::string_view content_type() const = 0;
  // What has arrived by now, at least one byte; empty = the end. An event stream comes in whole events,
  // everything ready together. Fails with engine_failed (cut, silent for limits::engine_silence_time,
  // nonsense), too_large, deadline_exceeded or cancelled; after a failure only destruction is allowed.
  // Cancelling it aborts the call.
  virtual async::task<plaintext> read() = 0;
  // Stops the engine's work on this call. Any read() under way or later fails with cancelled.
  virtual void abort() noexcept = 0;
};

enum class engine_state { stopped, starting, ready, restarting, failed };
std::string_view name(engine_state state) noexcept;

// Why an engine is not ready; for `doctor`, health and logs.
enum class engine_reason {
  none,
  program_not_found,
  model_not_found,
  model_not_loadable,
  out_of_memory,
  port_not_available,
  exited,
  crashed,
  not_answering,
  not_compatible,
  key_refused,
};
std::string_view name(engine_reason reason) noexcept;

class engine {
 public:
  virtual ~engine() = default;
  // Returns when the head of the answer is there. Fails with engine_unavailable (not ready, not reachable),
  // engine_failed, deadline_exceeded or cancelled. The deadline bounds the whole call, reads included.
  virtual async::task<std::unique_ptr<engine_answer>> call(engine_request request, async::deadline until) = 0;
  // Copies: the list may change whenever the engine restarts. Empty before the first start.
  virtual std::vector<model_info> models() const = 0;
  // Until it is ready for calls. Fails with engine_unavailable (see reason()), deadline_exceeded or
  // cancelled.
  virtual async::task<void> start(async::deadline until) = 0;
  // Ends calls under way, children and background work. Must be awaited before destruction.
  virtual boost::asio::awaitable<void> stop() = 0;
  virtual engine_state state() const = 0;
  virtual engine_reason reason() const = 0;
  bool healthy() const { return state() == engine_state::ready; }
};

}  // namespace tp::engine
