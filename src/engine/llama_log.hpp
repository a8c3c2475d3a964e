// What llama-server prints, reduced to counts and one reason. Its lines may quote prompts, so none is ever
// kept. Pure; one per child.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/engine.hpp"

namespace tp::engine {

class llama_log {
 public:
  void on_line(std::string_view line);
  std::uint64_t lines() const { return lines_; }
  // Why a child that ended did so, as far as it said; none if it said nothing known.
  engine_reason reason() const { return reason_; }

 private:
  std::uint64_t lines_ = 0;
  engine_reason reason_ = engine_reason::none;
};

}  // namespace tp::engine
