// One way to answer an OpenAI call, whoever asks: checks what engines are sloppy about, waits for a slot,
// calls the engine, adds what engines leave out, streams. One per node; event loop thread only. It never
// fails: every failure becomes an answer, or a cut one once its head is out. Refuses callers without the
// owner's key where one is demanded, models the engine does not have and routes no engine has.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/services.hpp"
#include "e2ee/open.hpp"
#include "engine/engine.hpp"
#include "node/admission.hpp"
#include "node/answer_sink.hpp"
#include "node/meters.hpp"
#include "node/settings.hpp"
#include "openai/error_answer.hpp"
#include "openai/payload.hpp"
#include "openai/routes.hpp"

namespace tp::node {

struct api_call {
  std::string method;
  std::string target;  // under /v1
  std::string content_type;
  plaintext body;
};

// Who calls: somebody at the local API, or behind a relay, inside a seal.
enum class caller { local, sealed };

class api {
 public:
  api(engine::engine& model, admission& gate, const settings& config, meters& count, services& with)
      : engine_(model), gate_(gate), config_(config), count_(count), with_(with), routes_(all_routes()) {}

  // Whether a call with this Authorization field may be answered: "Bearer KEY" if the owner set a key, and
  // demands it of such callers, else always. Each door asks before it hands a call on.
  bool admits(caller who, std::optional<std::string_view> authorization) const;

  // Answers into `to`. Cancelling it aborts the engine's work and gives the slot back.
  asio::awaitable<void> answer(api_call call, answer_sink& to);

  // Answers an error instead, and counts it.
  asio::awaitable<void> refuse(const openai::api_error& error, answer_sink& to);

  // For the envelope's check.
  std::span<const e2ee::route> routes() const { return routes_; }

 private:
  asio::awaitable<void> answer_models(const openai::route_match& route, answer_sink& to);
  asio::awaitable<void> run(api_call call, const openai::request_facts& facts, answer_sink& to);
  bool serves(std::string_view model) const;
  static std::vector<e2ee::route> all_routes();

  engine::engine& engine_;
  admission& gate_;
  const settings& config_;
  meters& count_;
  services& with_;
  std::vector<e2ee::route> routes_;
};

}  // namespace tp::node
