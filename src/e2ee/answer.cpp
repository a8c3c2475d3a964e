// The table of E2EE section 9.
#include "codec/json.hpp"
#include "e2ee/wire.hpp"

namespace tp::e2ee {

namespace {

constexpr std::string_view key_problem = "https://iana.org/assignments/http-problem-types#ohttp-key";
constexpr std::string_view date_problem = "https://iana.org/assignments/http-problem-types#date";
constexpr std::string_view key_title = "Oblivious HTTP key configuration not acceptable";
constexpr std::string_view date_title = "Date Not Acceptable";

std::string_view error_type(int status) {
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

}  // namespace

clear_answer answer_for(errc failure) {
  switch (failure) {
    case errc::truncated:
    case errc::decrypt_failed:
    case errc::chunk_too_short:
    case errc::bad_enc:
      return {400, "envelope_invalid", {}, {}};
    case errc::unknown_key:
    case errc::suite_not_allowed:
      return {400, "ohttp_key", key_problem, key_title};
    case errc::chunk_too_large:
    case errc::message_too_large:
    case errc::too_many_chunks:
      return {413, "body_too_large", {}, {}};
    case errc::replayed:
      return {409, "request_replayed", {}, {}};
    case errc::bhttp_framing:
    case errc::bhttp_truncated:
    case errc::bhttp_control:
    case errc::bhttp_field:
    case errc::bhttp_padding:
    case errc::bhttp_content_length:
      return {400, "bhttp_invalid", {}, {}};
    case errc::bhttp_too_large:
      return {431, "headers_too_large", {}, {}};
    case errc::misdirected:
      return {421, "misdirected_request", {}, {}};
    case errc::expectation_failed:
      return {417, "expectation_failed", {}, {}};
    case errc::not_found:
      return {404, "not_found", {}, {}};
    case errc::method_not_allowed:
      return {405, "method_not_allowed", {}, {}};
    case errc::date_invalid:
      return {400, "date_invalid", date_problem, date_title};
    case errc::date_out_of_window:
      return {400, "date_out_of_window", date_problem, date_title};
    case errc::node_not_found:
      return {404, "node_not_found", {}, {}};
    case errc::node_gone:
      return {502, "node_gone", {}, {}};
    case errc::node_busy:
      return {503, "node_busy", {}, {}};
    case errc::deadline_exceeded:
      return {504, "deadline_exceeded", {}, {}};
    default:
      return {500, "internal_error", {}, {}};
  }
}

std::string_view answer_media_type(const clear_answer& answer) {
  return answer.problem_type.empty() ? "application/json" : "application/problem+json";
}

std::string answer_body(errc failure) {
  const clear_answer answer = answer_for(failure);
  json::object error;
  error["message"] = name(failure);
  error["type"] = error_type(answer.status);
  error["code"] = answer.code;
  error["param"] = nullptr;
  json::object body;
  if (!answer.problem_type.empty()) {
    body["type"] = answer.problem_type;
    body["title"] = answer.title;
    body["status"] = answer.status;
  }
  body["error"] = std::move(error);
  return codec::to_text(json::value(std::move(body)));
}

}  // namespace tp::e2ee
