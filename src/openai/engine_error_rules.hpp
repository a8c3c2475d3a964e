// What an engine's failure becomes for the client: engines differ in shape, clients know one.
// Pure; called by payload.cpp alone.
#pragma once

#include <optional>

#include "codec/json.hpp"
#include "openai/error_answer.hpp"

namespace tp::openai {

// nullopt: the answer is an OpenAI error object with a fitting status; pass it on untouched.
// `answer` may be null (no JSON object at all). `status` is 400 to 599.
std::optional<api_error> find_engine_error(int status, const json::object* answer);

}  // namespace tp::openai
