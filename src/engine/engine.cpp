#include "engine/engine.hpp"

namespace tp::engine {

std::string_view name(engine_state state) noexcept {
  switch (state) {
    case engine_state::stopped: return "stopped";
    case engine_state::starting: return "starting";
    case engine_state::ready: return "ready";
    case engine_state::restarting: return "restarting";
    case engine_state::failed: return "failed";
  }
  return "unknown";
}

std::string_view name(engine_reason reason) noexcept {
  switch (reason) {
    case engine_reason::none: return "none";
    case engine_reason::program_not_found: return "program_not_found";
    case engine_reason::model_not_found: return "model_not_found";
    case engine_reason::model_not_loadable: return "model_not_loadable";
    case engine_reason::out_of_memory: return "out_of_memory";
    case engine_reason::port_not_available: return "port_not_available";
    case engine_reason::exited: return "exited";
    case engine_reason::crashed: return "crashed";
    case engine_reason::not_answering: return "not_answering";
    case engine_reason::not_compatible: return "not_compatible";
    case engine_reason::key_refused: return "key_refused";
  }
  return "unknown";
}

}  // namespace tp::engine
