// What api.openai.com refuses and engines often do not, as rules over one parsed request.
// Pure; called by payload.cpp alone, which parses and forgets. Messages are ours; they name members, never
// values.
#pragma once

#include <optional>

#include "codec/json.hpp"
#include "openai/error_answer.hpp"
#include "openai/routes.hpp"

namespace tp::openai {

// nullopt: nothing to object to.
std::optional<api_error> find_fault(endpoint which, const json::object& request);

}  // namespace tp::openai
