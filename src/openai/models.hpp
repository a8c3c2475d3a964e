// Model lists as OpenAI renders them: GET /v1/models and GET /v1/models/{id}.
// Pure; any thread. Ids that are not sane (sane_model_id) are left out: lists come from strangers too.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tp::openai {

struct model_entry {
  std::string id;
  std::int64_t created = 0;  // unix seconds
  std::string owned_by = "token.place";
  std::int64_t context_length = 0;  // tokens; 0 = not known, then not shown
  std::vector<std::string> capabilities{};
};

std::string model_list_text(std::span<const model_entry> models);
std::string model_text(const model_entry& model);

// The list an OpenAI-compatible server answers to GET /v1/models. Takes the context length where llama-server
// (meta.n_ctx, meta.n_ctx_train) or vLLM (max_model_len) put it. Fails with invalid_json, field_invalid (no
// `data` array) or too_many (limits::engine_models_max).
result<std::vector<model_entry>> parse_model_list(std::string_view text);

}  // namespace tp::openai
