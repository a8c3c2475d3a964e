#include "openai/payload.hpp"

#include <algorithm>
#include <vector>

#include "base/limits.hpp"
#include "codec/json.hpp"
#include "openai/answer_edits.hpp"
#include "openai/engine_error_rules.hpp"
#include "openai/request_rules.hpp"

namespace tp::openai {
namespace {

request_check refused(api_error why) {
  request_check out;
  out.refused = std::move(why);
  return out;
}

request_facts facts_of(endpoint which, const json::object& request) {
  request_facts out;
  out.which = which;
  if (const json::string* model = codec::find_string(request, "model")) out.model = codec::text_of(*model);
  if (codec::find_bool(request, "stream").value_or(false)) out.how = delivery::streamed;
  if (const json::object* options = codec::find_object(request, "stream_options")) {
    if (codec::find_bool(*options, "include_usage").value_or(false)) out.usage = stream_usage::asked;
  }
  return out;
}

// `edits` ascend. One allocation of the exact size: nothing half-built is left behind unwiped.
plaintext edited(std::string_view text, const std::vector<edit>& edits) {
  std::size_t size = text.size();
  for (const edit& e : edits) size += e.insert.size() - e.remove;
  bytes out;
  out.reserve(size);
  std::size_t done = 0;
  for (const edit& e : edits) {
    append(out, text.substr(done, e.at - done));
    append(out, e.insert);
    done = e.at + e.remove;
  }
  append(out, text.substr(done));
  return plaintext(std::move(out));
}

constexpr std::string_view data_field = "data:";

}  // namespace

request_check check_request(endpoint which, const plaintext& body) {
  request_check out;
  out.facts.which = which;
  if (!has_json_request(which)) return out;
  const result<json::value> parsed =
      codec::parse_json(body.reveal_text(), {limits::json_depth_max, limits::request_bytes_max});
  if (!parsed) return refused(error_answer(parsed.error()));
  const json::object* request = parsed->if_object();
  if (request == nullptr) {
    return refused(invalid_request("The body must be a JSON object.", "invalid_json", std::nullopt));
  }
  if (auto fault = find_fault(which, *request)) return refused(std::move(*fault));
  out.facts = facts_of(which, *request);
  return out;
}

plaintext answer_fixer::whole(plaintext body) const {
  std::vector<edit> edits;
  find_answer_edits(facts_.which, body.reveal_text(), chunk_usage::leave, edits);
  if (edits.empty()) return body;
  return edited(body.reveal_text(), edits);
}

plaintext answer_fixer::events(plaintext text) const {
  const std::string_view all = text.reveal_text();
  const chunk_usage usage =
      facts_.usage == stream_usage::asked ? chunk_usage::null_if_absent : chunk_usage::leave;
  std::vector<edit> edits;
  std::vector<edit> of_line;
  for (std::size_t start = 0; start < all.size();) {
    const std::size_t end = std::min(all.find('\n', start), all.size());
    const std::string_view line = all.substr(start, end - start);
    if (line.starts_with(data_field)) {
      find_answer_edits(facts_.which, line.substr(data_field.size()), usage, of_line);
      for (edit e : of_line) {
        e.at += start + data_field.size();
        edits.push_back(e);
      }
    }
    start = end + 1;
  }
  if (edits.empty()) return text;
  return edited(all, edits);
}

engine_error answer_fixer::error(int status, plaintext body) {
  const result<json::value> parsed = codec::parse_json(body.reveal_text());
  const json::object* object = parsed ? parsed->if_object() : nullptr;
  const std::optional<api_error> ours = find_engine_error(status, object);
  if (!ours) return {status, std::move(body)};
  return {ours->status, plaintext(to_bytes(to_text(*ours)))};
}

}  // namespace tp::openai
