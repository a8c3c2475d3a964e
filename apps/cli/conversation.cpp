#include "cli/conversation.hpp"

#include "codec/json.hpp"

namespace tp::cli {

namespace {

std::string text_member(const json::object& from, std::string_view name) {
  const json::string* text = codec::find_string(from, name);
  return text == nullptr ? std::string() : std::string(codec::text_of(*text));
}

// choices[0].`member`.content, or error.message.
answer_part read_part(std::string_view text, std::string_view member) {
  const result<json::value> parsed = codec::parse_json(text);
  if (parsed.has_error() || !parsed->is_object()) return {};
  const json::object& whole = parsed->get_object();
  if (const json::object* error = codec::find_object(whole, "error")) {
    const std::string message = text_member(*error, "message");
    return {{}, message.empty() ? "unknown error" : message};
  }
  const json::array* choices = codec::find_array(whole, "choices");
  if (choices == nullptr || choices->empty() || !choices->front().is_object()) return {};
  const json::object* part = codec::find_object(choices->front().get_object(), member);
  if (part == nullptr) return {};
  return {text_member(*part, "content"), {}};
}

}  // namespace

conversation::conversation(std::string_view system_text) {
  if (!system_text.empty()) messages_.push_back({"system", std::string(system_text)});
}

void conversation::ask(std::string_view question) { messages_.push_back({"user", std::string(question)}); }

void conversation::answer(std::string_view text) { messages_.push_back({"assistant", std::string(text)}); }

void conversation::take_back_question() {
  if (!messages_.empty() && messages_.back().role == "user") messages_.pop_back();
}

plaintext conversation::request_body(const asking& how) const {
  json::array messages;
  for (const message& each : messages_) {
    json::object entry;
    entry["role"] = each.role;
    entry["content"] = each.text;
    messages.push_back(std::move(entry));
  }
  json::object body;
  body["model"] = how.model;
  body["messages"] = std::move(messages);
  if (how.form == answer_form::streamed) body["stream"] = true;
  if (how.max_tokens > 0) body["max_tokens"] = how.max_tokens;
  return plaintext(as_bytes(codec::to_text(body)));
}

answer_part read_event(std::string_view data) { return read_part(data, "delta"); }

answer_part read_answer(std::string_view body) { return read_part(body, "message"); }

}  // namespace tp::cli
