#include "engine/mock_reply.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <memory>
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

// The word at `from` with the white space before it; empty at the end. All of them joined are the text again.
std::string_view word_at(std::string_view text, std::size_t from) {
  std::size_t end = from;
  while (end < text.size() && is_space(text[end])) ++end;
  while (end < text.size() && !is_space(text[end])) ++end;
  return text.substr(from, end - from);
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
  std::string text;
  std::size_t words = 0;
  std::chrono::milliseconds first{0};
  std::chrono::milliseconds between{0};
  mock_fault fault = mock_fault::none;
  std::size_t after = 0;
};

script make_script(const question& asked, const mock_rule* rule) {
  script out;
  out.text = mock_sentence;
  if (asked.last.starts_with("LONG")) {
    out.text.clear();
    for (std::size_t i = 1; i <= long_words; ++i)
      out.text += (i == 1 ? "word" : " word") + std::to_string(i);
    out.first = out.between = long_delay;
  }
  if (rule != nullptr) {
    if (rule->reply) {
      out.text = *rule->reply;
      out.first = out.between = 0ms;
    }
    if (rule->delay_first > 0ms) out.first = rule->delay_first;
    if (rule->delay_between > 0ms) out.between = rule->delay_between;
    out.fault = rule->fault;
    out.after = rule->after;
  }
  out.words = count_words(out.text);
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

  plaintext word(std::string_view text) const {
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
  json::object text_chunk(std::string_view text, const json::value& finish) const {
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

std::optional<mock_piece> no_piece() { return std::nullopt; }

auto one_piece(mock_piece only) {
  return [left = std::make_shared<std::optional<mock_piece>>(std::move(only))] {
    return std::exchange(*left, std::nullopt);
  };
}

mock_answer error_of(int status, std::string_view message, std::string_view type) {
  mock_answer out;
  out.status = status;
  const json::object error{{"code", status}, {"message", message}, {"type", type}};
  out.next = one_piece({0ms, secret({{"error", error}})});
  return out;
}

mock_answer whole_answer(const question& asked, const script& plan, std::int64_t created) {
  mock_answer out;
  const bool embed = asked.which == endpoint::embeddings;
  plaintext body = secret(embed ? embeddings(asked) : writer(asked, created).whole(plan.text, plan.words));
  auto delay = plan.first;
  if (!embed && plan.words > 1) delay += plan.between * static_cast<std::int64_t>(plan.words - 1);
  if (plan.fault == mock_fault::cut || plan.fault == mock_fault::malformed) {
    body = plaintext(body.reveal().first(body.size() / 2));
  }
  out.next = one_piece({delay, std::move(body)});
  if (plan.fault == mock_fault::cut) out.end = mock_end::cut;
  if (plan.fault == mock_fault::hang) {
    out.end = mock_end::hang;
    out.next = no_piece;
  }
  return out;
}

// An event for each word, then the closing ones; a fault comes instead after its number of words.
class word_stream {
 public:
  word_stream(question asked, script plan, std::int64_t created)
      : asked_(std::move(asked)),
        plan_(std::move(plan)),
        write_(asked_, created),
        left_(is_broken() ? std::min(plan_.after, plan_.words) : plan_.words) {}
  word_stream(const word_stream&) = delete;
  word_stream& operator=(const word_stream&) = delete;

  std::optional<mock_piece> next() {
    if (left_ > 0) return next_word();
    if (std::exchange(closed_, true)) return std::nullopt;
    if (plan_.fault == mock_fault::malformed) {
      return mock_piece{plan_.between, plaintext(as_bytes("data: {\"choices\":[{\"delta\":\n\n"))};
    }
    if (is_broken()) return std::nullopt;
    return mock_piece{0ms, write_.closing(plan_.text, plan_.words)};
  }

 private:
  bool is_broken() const { return plan_.fault != mock_fault::none; }

  mock_piece next_word() {
    const bool is_first = at_ == 0;
    plaintext text;
    if (is_first && write_.has_opening()) text = write_.opening();
    std::string_view word = word_at(plan_.text, at_);
    if (--left_ == 0 && !is_broken()) word = std::string_view(plan_.text).substr(at_);  // with what ends it
    at_ += word.size();
    const plaintext event = write_.word(word);
    text.append(event.reveal());
    return {is_first ? plan_.first : plan_.between, std::move(text)};
  }

  question asked_;
  script plan_;
  writer write_;  // looks at asked_
  std::size_t left_;
  std::size_t at_ = 0;
  bool closed_ = false;
};

mock_answer streamed_answer(question asked, script plan, std::int64_t created) {
  mock_answer out;
  out.content_type = "text/event-stream";
  if (plan.fault == mock_fault::cut) out.end = mock_end::cut;
  if (plan.fault == mock_fault::hang) out.end = mock_end::hang;
  const auto words = std::make_shared<word_stream>(std::move(asked), std::move(plan), created);
  out.next = [words] { return words->next(); };
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
  question asked = read_question(route.which, *object);
  const mock_rule* rule = find_rule(rules, call_index, asked.last);
  if (rule != nullptr && rule->fault == mock_fault::unavailable) {
    mock_answer out;
    out.status = 0;
    out.next = no_piece;
    return out;
  }
  script plan = make_script(asked, rule);
  if (plan.fault == mock_fault::error_500) return error_of(500, "mock failure", "server_error");
  if (rule != nullptr && rule->status) {
    mock_answer out;
    out.status = *rule->status;
    out.next = one_piece({plan.first, plaintext(as_bytes(rule->body))});
    return out;
  }
  const bool stream = asked.stream && route.which != endpoint::embeddings;
  if (!stream) return whole_answer(asked, plan, created);
  return streamed_answer(std::move(asked), std::move(plan), created);
}

}  // namespace tp::engine
