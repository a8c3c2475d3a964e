#include "engine/llama_log.hpp"

#include <array>

namespace tp::engine {
namespace {

struct sign {
  std::string_view part;
  engine_reason means;
};

// From the sharpest to the bluntest: a later sign never overrides an earlier line's sharper one.
constexpr std::array signs{
    sign{"couldn't bind", engine_reason::port_not_available},
    sign{"insufficient memory", engine_reason::out_of_memory},
    sign{"failed to allocate", engine_reason::out_of_memory},
    sign{"unable to allocate", engine_reason::out_of_memory},
    sign{"out of memory", engine_reason::out_of_memory},
    sign{"No such file or directory", engine_reason::model_not_found},
    sign{"invalid argument", engine_reason::not_compatible},
    sign{"error loading model", engine_reason::model_not_loadable},
    sign{"failed to load model", engine_reason::model_not_loadable},
};

}  // namespace

void llama_log::on_line(std::string_view line) {
  ++lines_;
  if (reason_ != engine_reason::none) return;
  for (const sign& known : signs) {
    if (line.find(known.part) == std::string_view::npos) continue;
    reason_ = known.means;
    return;
  }
}

}  // namespace tp::engine
