#include "openai/routes.hpp"

#include <array>
#include <utility>

#include "codec/percent.hpp"

namespace tp::openai {
namespace {

struct route {
  std::string_view path;
  std::string_view method;
  endpoint which;
};

constexpr std::array routes{
    route{"/v1/chat/completions", "POST", endpoint::chat_completions},
    route{"/v1/completions", "POST", endpoint::completions},
    route{"/v1/embeddings", "POST", endpoint::embeddings},
    route{"/v1/responses", "POST", endpoint::responses},
    route{"/v1/rerank", "POST", endpoint::rerank},
    route{"/v1/moderations", "POST", endpoint::moderations},
    route{"/v1/images/generations", "POST", endpoint::images_generations},
    route{"/v1/audio/speech", "POST", endpoint::audio_speech},
    route{"/v1/audio/transcriptions", "POST", endpoint::audio_transcriptions},
    route{"/v1/audio/translations", "POST", endpoint::audio_translations},
    route{"/v1/models", "GET", endpoint::models},
};
constexpr std::string_view model_prefix = "/v1/models/";
constexpr std::size_t engine_route_count = routes.size() - 1;  // all but the list of models, which is last

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

bool method_matches(std::string_view method, std::string_view wanted) {
  return method == wanted || (method == "HEAD" && wanted == "GET");
}

}  // namespace

std::string_view name(endpoint which) noexcept {
  switch (which) {
    case endpoint::chat_completions: return "chat_completions";
    case endpoint::completions: return "completions";
    case endpoint::embeddings: return "embeddings";
    case endpoint::responses: return "responses";
    case endpoint::rerank: return "rerank";
    case endpoint::moderations: return "moderations";
    case endpoint::images_generations: return "images_generations";
    case endpoint::audio_speech: return "audio_speech";
    case endpoint::audio_transcriptions: return "audio_transcriptions";
    case endpoint::audio_translations: return "audio_translations";
    case endpoint::models: return "models";
    case endpoint::model: return "model";
  }
  return "unknown";
}

route_match find_route(std::string_view method, std::string_view target) {
  const std::string_view path = path_of(target);
  route_match out;
  for (const route& r : routes) {
    if (path != r.path) continue;
    out.which = r.which;
    out.outcome = method_matches(method, r.method) ? route_outcome::found : route_outcome::wrong_method;
    out.allow = r.method == "GET" ? "GET, HEAD" : r.method;
    return out;
  }
  if (path.starts_with(model_prefix) && path.size() > model_prefix.size()) {
    out.which = endpoint::model;
    out.outcome = method_matches(method, "GET") ? route_outcome::found : route_outcome::wrong_method;
    out.allow = "GET, HEAD";
    // Ids hold slashes, which some clients escape. The result is only compared with ids.
    out.model = codec::percent_decode(path.substr(model_prefix.size()));
  }
  return out;
}

bool is_engine_route(std::string_view method, std::string_view target) {
  const route_match match = find_route(method, target);
  return match.outcome == route_outcome::found && match.which != endpoint::models &&
         match.which != endpoint::model;
}

std::span<const std::string_view> engine_paths() {
  static constexpr auto paths = [] {
    std::array<std::string_view, engine_route_count> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = routes[i].path;
    return out;
  }();
  return paths;
}

std::optional<std::string> canonical_target(std::string_view target) {
  for (const std::string_view prefix : {"/v1/", "/v2/", "/api/v1/", "/api/v2/"}) {
    if (target.starts_with(prefix)) return "/v1/" + std::string(target.substr(prefix.size()));
  }
  return std::nullopt;
}

bool has_json_request(endpoint which) noexcept {
  switch (which) {
    case endpoint::audio_transcriptions:
    case endpoint::audio_translations:
    case endpoint::models:
    case endpoint::model: return false;
    default: return true;
  }
}

}  // namespace tp::openai
