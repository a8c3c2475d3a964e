#include "openai/error_answer.hpp"

#include <algorithm>

#include "codec/json.hpp"

namespace tp::openai {
namespace {

constexpr std::string_view invalid = "invalid_request_error";
constexpr std::string_view server = "server_error";
constexpr std::string_view unavailable = "service_unavailable_error";
constexpr std::string_view timeout = "timeout_error";
constexpr std::string_view authentication = "authentication_error";
constexpr std::string_view rate = "rate_limit_error";

constexpr problem ohttp_key_problem{"https://iana.org/assignments/http-problem-types#ohttp-key",
                                    "key identifier unknown"};
constexpr problem date_problem{"https://iana.org/assignments/http-problem-types#date",
                               "date field missing, malformed or too far from the node's clock"};

struct answer {
  int status;
  std::string_view type;
  std::string_view code;
  std::string_view message;
  const problem* detail = nullptr;
  int retry_after_s = 0;
};

constexpr answer envelope_invalid{
    400, invalid, "envelope_invalid",
    "The sealed request cannot be opened. Seal it again to the node's current key."};
constexpr answer ohttp_key{
    400, invalid, "ohttp_key",
    "The node does not use this key. Fetch its key list again and seal the request anew.",
    &ohttp_key_problem};
constexpr answer body_too_large{413, invalid, "body_too_large",
                                "The request is too large. Send less at once."};
constexpr answer bhttp_invalid{400, invalid, "bhttp_invalid",
                               "What was sealed is not a valid Binary HTTP request."};
constexpr answer headers_too_large{431, invalid, "headers_too_large", "The header fields are too large."};
constexpr answer node_gone{502, server, "node_gone",
                           "The node was lost before it answered. Try again or choose another node."};
constexpr answer internal{500, server, "internal_error",
                          "Something failed here. Try again; tell the operator if it stays."};
constexpr answer deadline{504, server, "deadline_exceeded",
                          "No answer came in time. Try again or choose another node."};
constexpr answer node_answer_invalid{
    502, server, "node_answer_invalid",
    "The node's answer cannot be trusted. Try again or choose another node."};
constexpr answer wrong_input(std::string_view code, std::string_view message) {
  return {400, invalid, code, message};
}
// A node record that the directory refuses (CONTRACT "Link"): the code is the failure class.
constexpr answer bad_record(std::string_view code) {
  return {422, invalid, code,
          "The node record is not acceptable; the code says why. Make and sign a new one."};
}
constexpr answer date_answer(std::string_view code) {
  return {400, invalid, code, "Set the clock by the Date field of this answer and send the request again.",
          &date_problem};
}

answer input_answer(errc failure) {
  switch (failure) {
    case errc::invalid_json:
      return wrong_input("invalid_json", "The body is not valid JSON. Check what you send.");
    case errc::invalid_utf8:
      return wrong_input("invalid_json", "The body is not valid UTF-8. Check what you send.");
    case errc::too_deep:
      return wrong_input("invalid_json", "The JSON is nested too deeply. Send a flatter one.");
    case errc::too_large: return body_too_large;
    case errc::too_many: return wrong_input("too_many", "The request holds too many items. Send fewer.");
    case errc::invalid_http: return wrong_input("invalid_http", "This is not a valid HTTP/1.1 request.");
    case errc::bad_peer_id: return {404, invalid, "node_not_found", "This is not the id of a node."};
    default:
      return wrong_input("invalid_request",
                         "The request is not valid. Check its form against the documentation.");
  }
}

answer record_answer(errc failure) {
  if (failure == errc::seq_rollback) {
    return {409, invalid, "seq_rollback",
            "A newer record of this node is known. Send one with a higher seq."};
  }
  return bad_record(name(failure));
}

answer envelope_answer(errc failure) {
  switch (failure) {
    case errc::unknown_key:
    case errc::suite_not_allowed: return ohttp_key;
    case errc::chunk_too_large:
    case errc::message_too_large:
    case errc::too_many_chunks: return body_too_large;
    case errc::replayed:
      return {409, invalid, "request_replayed", "This sealed request was already used. Seal it anew."};
    default: return envelope_invalid;
  }
}

answer inner_answer(errc failure) {
  switch (failure) {
    case errc::bhttp_too_large: return headers_too_large;
    case errc::misdirected:
      return {421, invalid, "misdirected_request", "The request was sealed for another node."};
    case errc::date_invalid:
    case errc::date_out_of_window: return date_answer(name(failure));
    case errc::expectation_failed:
      return {417, invalid, "expectation_failed", "Expect is not supported inside. Leave it out."};
    case errc::not_found:
      return {404, invalid, "not_found", "There is no such route. See the list of routes."};
    case errc::method_not_allowed:
      return {405, invalid, "method_not_allowed", "The route exists with another method; see Allow."};
    default: return bhttp_invalid;
  }
}

answer resource_answer(errc failure) {
  switch (failure) {
    case errc::node_not_found:
      return {404, invalid, "node_not_found", "No such node is connected. Ask the directory for another."};
    case errc::node_busy:
      return {503,         server,
              "node_busy", "The node has no free slot. Try again soon or choose another node.",
              nullptr,     2};
    case errc::engine_unavailable:
      return {503,
              unavailable,
              "engine_unavailable",
              "The node's engine is not ready. Try again soon or choose another node.",
              nullptr,
              5};
    case errc::engine_failed:
      return {502, server, "engine_failed", "The node's engine failed on this request. Try again."};
    case errc::shutting_down:
      return {503,
              unavailable,
              "shutting_down",
              "This program is shutting down. Try again or choose another.",
              nullptr,
              2};
    case errc::relay_unreachable:
      return {503,
              unavailable,
              "relay_unreachable",
              "The relay cannot be reached. Check its address and your network.",
              nullptr,
              5};
    case errc::tls_failed:
      return {503, unavailable, "relay_unreachable",
              "No TLS connection: the other side's certificate is not trusted, or it speaks no TLS."};
    case errc::deadline_exceeded: return deadline;
    case errc::stalled:
      return {504, timeout, "stalled", "The connection moved no data for too long. Try again."};
    case errc::not_sealed:
      return {502, server, "not_sealed", "The answer was not sealed by the node; it was not used."};
    case errc::io_error:
    case errc::file_not_found:
    case errc::permission_denied:
    case errc::key_file_invalid:
    case errc::crypto_failed:
    case errc::address_in_use:
    case errc::invalid_configuration:
    case errc::ok:
    case errc::internal: return internal;
    default: return node_gone;  // a connection that ended, could not be made, or broke its protocol
  }
}

bool between(errc failure, errc first, errc last) { return failure >= first && failure <= last; }

answer find_answer(errc failure) {
  if (failure == errc::invalid_configuration || failure == errc::ok) return internal;
  if (failure <= errc::bad_peer_id) return input_answer(failure);
  if (between(failure, errc::peer_id_mismatch, errc::bad_ohttp_keys)) return record_answer(failure);
  if (between(failure, errc::truncated, errc::replayed)) return envelope_answer(failure);
  if (between(failure, errc::bhttp_framing, errc::method_not_allowed)) return inner_answer(failure);
  return resource_answer(failure);
}

answer find_answer(refusal why) {
  switch (why) {
    case refusal::not_found: return inner_answer(errc::not_found);
    case refusal::method_not_allowed: return inner_answer(errc::method_not_allowed);
    case refusal::body_too_large: return body_too_large;
    case refusal::unsupported_media_type:
      return {415, invalid, "unsupported_media_type", "This route does not take this Content-Type."};
    case refusal::rate_limit_exceeded:
      return {429, rate, "rate_limit_exceeded",
              "Too many requests from this address. Wait as long as Retry-After says."};
    case refusal::quota_exceeded:
      return {429, rate, "quota_exceeded",
              "This address has used up its requests for today. Wait as long as Retry-After says."};
    case refusal::request_timeout:
      return {408, invalid, "request_timeout", "The request did not arrive in time. Send it again."};
    case refusal::http_version_not_supported:
      return {505, invalid, "http_version_not_supported", "Use HTTP/1.1: an answer may come in chunks."};
    case refusal::gateway_not_configured:
      return {503, unavailable, "gateway_not_configured",
              "This relay passes on sealed requests only. Use the web page, `tokenplace chat`, or run "
              "`tokenplace gateway` "
              "on your machine and set its address as base_url."};
    case refusal::invalid_api_key:
      return {401, authentication, "invalid_api_key", "The API key is not valid here."};
    case refusal::missing_api_key:
      return {401, authentication, "missing_api_key",
              "An API key is needed: send Authorization: Bearer KEY."};
    case refusal::not_allowed: return {403, invalid, "not_allowed", "This is not allowed here."};
    case refusal::length_required:
      return {411, invalid, "length_required", "Send a Content-Length or a chunked body."};
  }
  return internal;
}

api_error make(const answer& from) {
  api_error out;
  out.status = from.status;
  out.message = from.message;
  out.type = from.type;
  out.code = from.code;
  if (from.detail != nullptr) out.detail = *from.detail;
  if (from.retry_after_s > 0) out.retry_after = std::chrono::seconds(from.retry_after_s);
  return out;
}

}  // namespace

std::string_view name(refusal why) noexcept {
  switch (why) {
    case refusal::not_found: return "not_found";
    case refusal::method_not_allowed: return "method_not_allowed";
    case refusal::body_too_large: return "body_too_large";
    case refusal::unsupported_media_type: return "unsupported_media_type";
    case refusal::rate_limit_exceeded: return "rate_limit_exceeded";
    case refusal::quota_exceeded: return "quota_exceeded";
    case refusal::request_timeout: return "request_timeout";
    case refusal::http_version_not_supported: return "http_version_not_supported";
    case refusal::gateway_not_configured: return "gateway_not_configured";
    case refusal::invalid_api_key: return "invalid_api_key";
    case refusal::missing_api_key: return "missing_api_key";
    case refusal::not_allowed: return "not_allowed";
    case refusal::length_required: return "length_required";
  }
  return "unknown";
}

std::string to_text(const api_error& error) {
  json::object inner{{"message", error.message}, {"type", error.type}};
  if (error.param)
    inner["param"] = *error.param;
  else
    inner["param"] = nullptr;
  inner["code"] = error.code;
  json::object out;
  if (error.detail) {
    out["type"] = error.detail->type;
    out["title"] = error.detail->title;
    out["status"] = error.status;
  }
  out["error"] = std::move(inner);
  return codec::to_text(out);
}

std::string_view content_type(const api_error& error) {
  return error.detail ? "application/problem+json" : "application/json";
}

std::string to_event(const api_error& error) {
  api_error plain = error;
  plain.detail.reset();
  return "data: " + to_text(plain) + "\n\n";
}

api_error error_answer(errc failure) { return make(find_answer(failure)); }
api_error error_answer(refusal why) { return make(find_answer(why)); }

api_error upstream_answer(errc failure) {
  // Whoever was lost on the way, an answer without its end is a lost node to the caller, not a lying one.
  if (failure == errc::truncated) {
    api_error cut = make(node_gone);
    cut.message = "The answer ended before it was whole. What came is not all of it; try again.";
    return cut;
  }
  // Input, record, envelope and inner failures seen by a caller are the other side's doing, not its own
  // caller's.
  if (failure != errc::too_large && failure <= errc::method_not_allowed) return make(node_answer_invalid);
  return error_answer(failure);
}

api_error invalid_request(std::string_view message, std::string_view code, std::optional<std::string> param) {
  api_error out;
  out.status = 400;
  out.message = message;
  out.type = invalid;
  out.code = code;
  out.param = std::move(param);
  return out;
}

api_error model_not_found(std::string_view model) {
  api_error out;
  out.status = 404;
  out.message = sane_model_id(model)
                    ? "The model `" + std::string(model) + "` does not exist here. See GET /v1/models."
                    : "The model does not exist here. See GET /v1/models.";
  out.type = invalid;
  out.code = "model_not_found";
  out.param = "model";
  return out;
}

bool sane_model_id(std::string_view id) noexcept {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@+-";
  return !id.empty() && id.size() <= 128 && id.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace tp::openai
