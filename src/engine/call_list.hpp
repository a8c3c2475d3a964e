// The calls of one engine that are under way, so that stop() and a dying child can end them all.
// Shared by the engine and its answers, which may outlive it. Event-loop thread only.
#pragma once

#include <cstddef>
#include <set>

#include "engine/engine.hpp"

namespace tp::engine {

class call_list {
 public:
  void add(engine_answer& call) { calls_.insert(&call); }
  void remove(engine_answer& call) noexcept { calls_.erase(&call); }
  std::size_t size() const { return calls_.size(); }
  // abort() neither adds nor removes.
  void abort_all() noexcept {
    for (engine_answer* call : calls_) call->abort();
  }

 private:
  std::set<engine_answer*> calls_;  // bounded by the node's admission
};

}  // namespace tp::engine
