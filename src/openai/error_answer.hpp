// How every failure is answered over HTTP: status, OpenAI error object, headers it asks for. The only place
// that maps errc to a status; relay, node and gateway all answer through it. Values; pure; any thread.
// Messages are static and say what to do. They never repeat input, with one exception: a model id that passes
// sane_model_id.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tp::openai {

// RFC 9457, for the two failures that have a registered problem type (E2EE section 9).
struct problem {
  std::string_view type;
  std::string_view title;
};

struct api_error {
  int status = 500;
  std::string message;
  std::string type;
  std::string code;
  std::optional<std::string> param;
  std::optional<problem> detail;
  std::optional<std::chrono::seconds> retry_after;  // becomes Retry-After
};

// {"error":{"message","type","code","param"}}, with `type`, `title` and `status` beside it for a problem.
std::string to_text(const api_error& error);
// application/json, or application/problem+json for a problem.
std::string_view content_type(const api_error& error);
// The same object as one server-sent event, for a failure after the head was sent.
std::string to_event(const api_error& error);

// Failures of ours (E2EE section 9; the rest as OpenAI does).
api_error error_answer(errc failure);
inline api_error error_answer(const error_code& failure) { return error_answer(to_errc(failure)); }

// The same for a program that called another and got nonsense (gateway, client): what error_answer would
// blame on the caller (an envelope that does not open, a bad record) is 502 node_answer_invalid here.
api_error upstream_answer(errc failure);

// Refusals that are no errc because nothing failed: an HTTP edge turns a request away.
enum class refusal {
  not_found,
  method_not_allowed,
  body_too_large,
  unsupported_media_type,
  rate_limit_exceeded,  // the caller sets retry_after
  quota_exceeded,       // the same
  request_timeout,
  http_version_not_supported,
  gateway_not_configured,
  invalid_api_key,
  missing_api_key,
  not_allowed,
  length_required,
};
std::string_view name(refusal why) noexcept;
api_error error_answer(refusal why);

// 400 invalid_request_error. `message` is ours; `param` is a path of names and indexes we made, e.g.
// messages[0].role.
api_error invalid_request(std::string_view message, std::string_view code, std::optional<std::string> param);
// 404 model_not_found, naming the model if its id is sane.
api_error model_not_found(std::string_view model);

// 1 to 128 of letters, digits and . _ : / @ + - : what a model is called anywhere, and never a sentence.
bool sane_model_id(std::string_view id) noexcept;

}  // namespace tp::openai
