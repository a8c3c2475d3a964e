// The OpenAI surface that an engine may have, as one table. What is not in it never reaches an engine (no
// /slots, no /props: engines have administration beside their API). Pure; any thread. Paths are compared byte
// by byte, without decoding and without dot segments (E2EE section 7).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tp::openai {

enum class endpoint {
  chat_completions,
  completions,
  embeddings,
  responses,
  rerank,
  moderations,
  images_generations,
  audio_speech,
  audio_transcriptions,
  audio_translations,
  models,  // the list
  model,   // one of it
};
std::string_view name(endpoint which) noexcept;

enum class route_outcome { found, wrong_method, unknown };

struct route_match {
  route_outcome outcome = route_outcome::unknown;
  endpoint which = endpoint::chat_completions;  // when found
  std::string_view allow;                       // for Allow, when wrong_method
  std::string model;                            // for endpoint::model: the id, percent-decoded once
};

// `target` is a path that begins with /v1/, with or without a query. HEAD counts as GET.
route_match find_route(std::string_view method, std::string_view target);

// Answered by an engine (everything but models, which the node answers itself).
bool is_engine_route(std::string_view method, std::string_view target);

// The paths of those routes; each takes POST.
std::span<const std::string_view> engine_paths();

// The same target under /v1 for the spellings /api/v1, /api/v2, /v2 and /v1; nullopt for any other path.
std::optional<std::string> canonical_target(std::string_view target);

// Whether requests of this endpoint are JSON objects naming a model; else (multipart) they pass unseen.
bool has_json_request(endpoint which) noexcept;

}  // namespace tp::openai
