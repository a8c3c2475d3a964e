#include "engine/mock_reply.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "codec/base64.hpp"
#include "codec/json.hpp"

namespace tp::engine {
namespace {

using namespace std::chrono_literals;
using openai::endpoint;

constexpr std::size_t long_words = 200;
constexpr auto long_delay = 50ms;  // 20 words a second
constexpr std::size_t vector_size = 8;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// Words with the white space before them: joined they are the text again.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::size_t start = 0;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_space(text[i]) && in_word) {
      out.emplace_back(text.substr(start, i - start));
      start = i;
      in_word = false;
    } else if (!is_space(text[i])) {
      in_word = true;
    }
  }
  if (start < text.size()) out.emplace_back(text.substr(start));
  return out;
}

std::size_t count_words(std::string_view text) {
  std::size_t count = 0;
  bool in_word = false;
  for (const char c : text) {
    if (!is_space(c) && !in_word) ++count;
    in_word = !is_space(c);
  }
  return count;
}

// Every text in a prompt, input or content: a string, or an array of strings and of parts with a text.
void collect_texts(const json::value* from, std::vector<std::string>& out) {
  if (from == nullptr) return;
  if (const json::string* text = from->if_string()) out.emplace_back(codec::text_of(*text));
  if (const json::object* part = from->if_object()) collect_texts(part->if_contains("text"), out);
  if (const json::array* list = from->if_array()) {
    for (const json::value& item : *list) collect_texts(&item, out);
  }
}

enum class vector_form { numbers, base64 };

// What was asked, as far as a mock cares.
struct question {
  endpoint which = endpoint::chat_completions;
  std::string model;
  std::vector<std::string> texts;  // all of them, for counting and embedding
  std::string last;                // the last user message
  bool stream = false;
  bool usage = false;
  vector_form form = vector_form::numbers;
};

void read_messages(const json::array& messages, question& out) {
  for (const json::value& item : messages) {
    const json::object* message = item.if_object();
    if (message == nullptr) continue;
    std::vector<std::string> texts;
    collect_texts(message->if_contains("content"), texts);
    const json::string* role = codec::find_string(*message, "role");
    if (role != nullptr && *role == "user") {
      out.last.clear();
      for (const std::string& text : texts) out.last += text;
    }
    for (std::string& text : texts) out.texts.push_back(std::move(text));
  }
}

question read_question(endpoint which, const json::object& request) {
  question out;
  out.which = which;
  if (const json::string* model = codec::find_string(request, "model")) out.model = codec::text_of(*model);
  out.stream = codec::find_bool(request, "stream").value_or(false);
  if (const json::object* options = codec::find_object(request, "stream_options")) {
    out.usage = codec::find_bool(*options, "include_usage").value_or(false);
  }
  const json::string* encoding = codec::find_string(request, "encoding_format");
  if (encoding != nullptr && *encoding == "base64") out.form = vector_form::base64;
  const json::array* messages =
      codec::find_array(request, which == endpoint::responses ? "input" : "messages");
  if (messages != nullptr) {
    read_messages(*messages, out);
  } else {
    collect_texts(request.if_contains(which == endpoint::completions ? "prompt" : "input"), out.texts);
    if (!out.texts.empty()) out.last = out.texts.back();
  }
  return out;
}

struct script {
  std::vector<std::string> words;
  std::chrono::milliseconds first{0};
  std::chrono::milliseconds between{0};
  mock_fault fault = mock_fault::none;
  std::size_t after = 0;
};

script make_script(const question& asked, const mock_rule* rule) {
  script out;
  std::string text(mock_sentence);
  if (asked.last.starts_with("LONG")) {
    text.clear();
    for (std::size_t i = 1; i <= long_words; ++i) text += (i == 1 ? "word" : " word") + std::to_string(i);
    out.first = out.between = long_delay;
  }
  if (rule != nullptr) {
    if (rule->reply) {
      text = *rule->reply;
      out.first = out.between = 0ms;
    }
    if (rule->delay_first > 0ms) out.first = rule->delay_first;
    if (rule->delay_between > 0ms) out.between = rule->delay_between;
    out.fault = rule->fault;
    out.after = rule->after;
  }
  out.words = words_of(text);
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += word;
  return out;
}

json::object usage_of(const question& asked, std::size_t completion) {
  std::size_t prompt = 0;
  for (const std::string& text : asked.texts) prompt += count_words(text);
  if (asked.which == endpoint::responses) {
    return {{"input_tokens", prompt}, {"output_tokens", completion}, {"total_tokens", prompt + completion}};
  }
  return {
      {"prompt_tokens", prompt}, {"completion_tokens", completion}, {"total_tokens", prompt + completion}};
}

plaintext secret(const json::object& value) { return plaintext(to_bytes(codec::to_text(value))); }
plaintext event(const json::object& value) {
  return plaintext(to_bytes("data: " + codec::to_text(value) + "\n\n"));
}
plaintext named_event(std::string_view type, const json::object& value) {
  return plaintext(to_bytes("event: " + std::string(type) + "\ndata: " + codec::to_text(value) + "\n\n"));
}

// Makes the objects of one answer.
class writer {
 public:
  writer(const question& asked, std::int64_t created) : asked_(asked), created_(created) {}

  json::object whole(const std::string& text, std::size_t words) const {
    if (asked_.which == endpoint::responses) return response("completed", text, words);
    json::object choice{{"index", 0}, {"logprobs", nullptr}, {"finish_reason", "stop"}};
    if (asked_.which == endpoint::completions) {
      choice["text"] = text;
    } else {
      choice["message"] = json::object{{"role", "assistant"}, {"content", text}, {"refusal", nullptr}};
    }
    json::object out = top(asked_.which == endpoint::completions ? "text_completion" : "chat.completion");
    out["choices"] = json::array{std::move(choice)};
    out["usage"] = usage_of(asked_, words);
    return out;
  }

  plaintext opening() const {
    if (asked_.which == endpoint::responses) {
      return named_event("response.created",
                         {{"type", "response.created"}, {"response", response("in_progress", "", 0)}});
    }
    return event(chunk({{"role", "assistant"}, {"content", ""}, {"refusal", nullptr}}, nullptr));
  }

  plaintext word(const std::string& text) const {
    if (asked_.which == endpoint::responses) {
      return named_event("response.output_text.delta", {{"type", "response.output_text.delta"},
                                                        {"item_id", "msg_mock"},
                                                        {"output_index", 0},
                                                        {"content_index", 0},
                                                        {"delta", text}});
    }
    if (asked_.which == endpoint::completions) return event(text_chunk(text, nullptr));
    return event(chunk({{"content", text}}, nullptr));
  }

  plaintext closing(const std::string& text, std::size_t words) const {
    if (asked_.which == endpoint::responses) {
      return named_event("response.completed",
                         {{"type", "response.completed"}, {"response", response("completed", text, words)}});
    }
    plaintext out = event(asked_.which == endpoint::completions ? text_chunk("", "stop") : chunk({}, "stop"));
    if (asked_.usage) {
      json::object last = top(chunk_type());
      last["choices"] = json::array{};
      last["usage"] = usage_of(asked_, words);
      const plaintext usage = event(last);
      out.append(usage.reveal());
    }
    out.append(as_bytes("data: [DONE]\n\n"));
    return out;
  }

  // The head of a chat stream is an event of its own; a text completion has none.
  bool has_opening() const { return asked_.which != endpoint::completions; }

 private:
  std::string_view chunk_type() const {
    return asked_.which == endpoint::completions ? "text_completion" : "chat.completion.chunk";
  }
  json::object top(std::string_view type) const {
    return {{"id", "chatcmpl-mock"}, {"object", type}, {"created", created_}, {"model", asked_.model}};
  }
  json::object with_choice(json::object choice, const json::value& finish) const {
    choice["index"] = 0;
    choice["logprobs"] = nullptr;
    choice["finish_reason"] = finish;
    json::object out = top(chunk_type());
    out["choices"] = json::array{std::move(choice)};
    if (asked_.usage) out["usage"] = nullptr;
    return out;
  }
  json::object chunk(json::object delta, const json::value& finish) const {
    return with_choice({{"delta", std::move(delta)}}, finish);
  }
  json::object text_chunk(const std::string& text, const json::value& finish) const {
    return with_choice({{"text", text}}, finish);
  }
  json::object response(std::string_view status, const std::string& text, std::size_t words) const {
    json::object out{{"id", "resp_mock"},
                     {"object", "response"},
                     {"created_at", created_},
                     {"status", status},
                     {"model", asked_.model}};
    json::array output;
    if (status == "completed") {
      const json::object content{{"type", "output_text"}, {"text", text}, {"annotations", json::array{}}};
      output.push_back(json::object{{"id", "msg_mock"},
                                    {"type", "message"},
                                    {"role", "assistant"},
                                    {"status", "completed"},
                                    {"content", json::array{content}}});
      out["usage"] = usage_of(asked_, words);
    }
    out["output"] = std::move(output);
    return out;
  }

  const question& asked_;
  std::int64_t created_;
};

// FNV-1a, spread over the numbers; length 1. The same text gives the same vector everywhere.
std::array<float, vector_size> vector_of(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 1'099'511'628'211U;
  std::array<float, vector_size> out{};
  float square = 0;
  for (float& number : out) {
    hash = hash * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    number =
        static_cast<float>(static_cast<std::int32_t>(hash >> 33U) - (1 << 30)) / static_cast<float>(1 << 30);
    square += number * number;
  }
  for (float& number : out) number /= std::sqrt(square);
  return out;
}

json::value encoded(const std::array<float, vector_size>& numbers, vector_form form) {
  if (form == vector_form::numbers) return json::array(numbers.begin(), numbers.end());
  bytes raw;
  for (const float number : numbers) {
    const auto bits = std::bit_cast<std::uint32_t>(number);
    for (unsigned shift = 0; shift < 32; shift += 8) raw.push_back(static_cast<std::uint8_t>(bits >> shift));
  }
  return json::string(codec::base64_encode(raw));
}

json::object embeddings(const question& asked) {
  json::array data;
  for (const std::string& text : asked.texts) {
    data.push_back(json::object{{"object", "embedding"},
                                {"index", data.size()},
                                {"embedding", encoded(vector_of(text), asked.form)}});
  }
  json::object usage = usage_of(asked, 0);
  usage.erase("completion_tokens");
  return {{"object", "list"}, {"data", std::move(data)}, {"model", asked.model}, {"usage", std::move(usage)}};
}

mock_answer error_of(int status, std::string_view message, std::string_view type) {
  mock_answer out;
  out.status = status;
  const json::object error{{"code", status}, {"message", message}, {"type", type}};
  out.pieces.push_back({0ms, secret({{"error", error}})});
  return out;
}

mock_answer whole_answer(const question& asked, const script& plan, std::int64_t created) {
  mock_answer out;
  const bool embed = asked.which == endpoint::embeddings;
  const std::size_t words = plan.words.size();
  plaintext body =
      secret(embed ? embeddings(asked) : writer(asked, created).whole(joined(plan.words), words));
  auto delay = plan.first;
  if (!embed && words > 1) delay += plan.between * static_cast<std::int64_t>(words - 1);
  if (plan.fault == mock_fault::cut || plan.fault == mock_fault::malformed) {
    body = plaintext(body.reveal().first(body.size() / 2));
  }
  if (plan.fault == mock_fault::cut) out.end = mock_end::cut;
  if (plan.fault == mock_fault::hang) {
    out.end = mock_end::hang;
  } else {
    out.pieces.push_back({delay, std::move(body)});
  }
  return out;
}

mock_answer streamed_answer(const question& asked, const script& plan, std::int64_t created) {
  mock_answer out;
  out.content_type = "text/event-stream";
  const writer write(asked, created);
  const bool broken = plan.fault != mock_fault::none;
  const std::size_t words = broken ? std::min(plan.after, plan.words.size()) : plan.words.size();
  // A hanging engine that says no word sends no head either.
  if (plan.fault == mock_fault::hang && words == 0) {
    out.end = mock_end::hang;
    return out;
  }
  for (std::size_t i = 0; i < words; ++i) {
    plaintext text;
    if (i == 0 && write.has_opening()) text = write.opening();
    const plaintext word = write.word(plan.words[i]);
    text.append(word.reveal());
    out.pieces.push_back({i == 0 ? plan.first : plan.between, std::move(text)});
  }
  if (plan.fault == mock_fault::malformed) {
    out.pieces.push_back({plan.between, plaintext(as_bytes("data: {\"choices\":[{\"delta\":\n\n"))});
  }
  if (broken) {
    out.end = plan.fault == mock_fault::cut    ? mock_end::cut
              : plan.fault == mock_fault::hang ? mock_end::hang
                                               : mock_end::clean;
    return out;
  }
  plaintext closing = write.closing(joined(plan.words), plan.words.size());
  out.pieces.push_back({0ms, std::move(closing)});
  return out;
}

}  // namespace

mock_answer make_mock_answer(const engine_request& request, const std::vector<mock_rule>& rules,
                             std::size_t call_index, std::int64_t created) {
  const openai::route_match route = openai::find_route(request.method, request.target);
  const bool answers = route.which == endpoint::chat_completions || route.which == endpoint::completions ||
                       route.which == endpoint::embeddings || route.which == endpoint::responses;
  if (route.outcome != openai::route_outcome::found || !answers) {
    return error_of(501, "The mock engine does not offer this.", "not_supported_error");
  }
  const result<json::value> parsed = codec::parse_json(request.body.reveal_text());
  const json::object* object = parsed ? parsed->if_object() : nullptr;
  if (object == nullptr) return error_of(500, "parse error", "server_error");
  const question asked = read_question(route.which, *object);
  const mock_rule* rule = find_rule(rules, call_index, asked.last);
  if (rule != nullptr && rule->fault == mock_fault::unavailable) {
    mock_answer out;
    out.status = 0;
    return out;
  }
  const script plan = make_script(asked, rule);
  if (plan.fault == mock_fault::error_500) return error_of(500, "mock failure", "server_error");
  if (rule != nullptr && rule->status) {
    mock_answer out;
    out.status = *rule->status;
    out.pieces.push_back({plan.first, plaintext(as_bytes(rule->body))});
    return out;
  }
  const bool stream = asked.stream && route.which != endpoint::embeddings;
  return stream ? streamed_answer(asked, plan, created) : whole_answer(asked, plan, created);
}

}  // namespace tp::engine
