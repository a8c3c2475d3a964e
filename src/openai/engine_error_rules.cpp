#include "openai/engine_error_rules.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace tp::openai {
namespace {

constexpr std::size_t message_bytes_max = 1'000;  // an engine's sentence; longer ones quote the request

bool is_openai_shape(const json::object& error) {
  const json::value* code = error.if_contains("code");
  const bool code_fits = code == nullptr || code->is_null() || code->is_string();
  return code_fits && codec::find_string(error, "message") != nullptr &&
         codec::find_string(error, "type") != nullptr;
}

api_error with(int status, std::string_view code, std::string_view message) {
  api_error out = invalid_request(message, code, std::nullopt);
  out.status = status;
  if (status >= 500) out.type = "server_error";
  if (status == 429) {
    out.type = "rate_limit_error";
    out.code = "engine_busy";
  }
  return out;
}

// llama-server answers 500 to these although the request is at fault.
struct misjudged {
  std::string_view beginning;
  std::string_view code;
  std::string_view message;
};
constexpr std::array misjudgements{
    misjudged{"image input is not supported", "unsupported_content", "This model does not take images."},
    misjudged{"audio input is not supported", "unsupported_content", "This model does not take audio."},
    misjudged{"video input is not supported", "unsupported_content", "This model does not take video."},
    misjudged{"Failed to parse messages", "invalid_value",
              "A message is not in the form the engine understands."},
    misjudged{"Failed to parse tools", "invalid_value",
              "The tools are not in the form the engine understands."},
    misjudged{"\"prompt\" must not be empty", "empty_array", "The input must not be empty."},
};

api_error from_message(int status, std::string_view type, std::string_view message) {
  if (status >= 500) {
    for (const misjudged& known : misjudgements) {
      if (message.starts_with(known.beginning)) return with(400, known.code, known.message);
    }
  }
  if (type == "exceed_context_size_error") return with(400, "context_length_exceeded", message);
  if (type == "not_supported_error" || status == 501) {
    return with(501, "not_supported", "The engine of this node does not offer this. Choose another node.");
  }
  if (status >= 500)
    return with(status, "engine_error", "The engine failed on this request. Try again or change it.");
  return with(status, status == 404 ? "not_found" : "invalid_request", message);
}

}  // namespace

std::optional<api_error> find_engine_error(int status, const json::object* answer) {
  if (status == 401 || status == 403) return error_answer(errc::engine_failed);
  const json::object* error = answer == nullptr ? nullptr : codec::find_object(*answer, "error");
  const json::object* told = error != nullptr ? error : answer;  // older vLLM puts the members at the top
  const json::string* message = told == nullptr ? nullptr : codec::find_string(*told, "message");
  if (message == nullptr || message->empty() || message->size() > message_bytes_max) {
    if (status >= 500)
      return with(status, "engine_error", "The engine failed on this request. Try again or change it.");
    return with(status, "invalid_request",
                "The engine refused this request. Check it against the documentation.");
  }
  if (error != nullptr && is_openai_shape(*error)) return std::nullopt;
  const json::string* type = codec::find_string(*told, "type");
  return from_message(status, type == nullptr ? std::string_view{} : codec::text_of(*type),
                      codec::text_of(*message));
}

}  // namespace tp::openai
