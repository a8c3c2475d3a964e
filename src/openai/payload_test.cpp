#include "openai/payload.hpp"

#include <gtest/gtest.h>

#include <string>

#include "openai/answer_edits.hpp"
#include "openai/json_scan.hpp"

namespace tp::openai {
namespace {

// Test texts are nobody's secret.
plaintext secret(std::string_view text) { return plaintext(as_bytes(text)); }
std::string shown(const plaintext& text) { return std::string(text.reveal_text()); }

std::string chat(std::string_view members) {
  return R"({"model":"m","messages":[{"role":"user","content":"hi"}])" + std::string(members) + "}";
}
std::string messages(std::string_view list) {
  return R"({"model":"m","messages":)" + std::string(list) + "}";
}

struct refusal_case {
  endpoint which;
  std::string body;
  std::string_view code;
  std::string_view param;  // "" = null
};

class sloppy : public testing::TestWithParam<refusal_case> {};

TEST_P(sloppy, request_is_refused_with_its_parameter) {
  const request_check check = check_request(GetParam().which, secret(GetParam().body));
  ASSERT_TRUE(check.refused.has_value());
  EXPECT_EQ(check.refused->status, GetParam().code == "model_not_found" ? 404 : 400);
  EXPECT_EQ(check.refused->code, GetParam().code);
  EXPECT_EQ(check.refused->param.value_or(""), GetParam().param);
  EXPECT_EQ(check.refused->type, "invalid_request_error");
}

constexpr endpoint chat_api = endpoint::chat_completions;

INSTANTIATE_TEST_SUITE_P(form, sloppy,
                         testing::Values(refusal_case{chat_api, R"({"model":)", "invalid_json", ""},
                                         refusal_case{chat_api, "", "invalid_json", ""},
                                         refusal_case{chat_api, "[]", "invalid_json", ""},
                                         refusal_case{chat_api, "\"x\"", "invalid_json", ""},
                                         refusal_case{chat_api, "{}x", "invalid_json", ""},
                                         refusal_case{chat_api, "{\"model\":\"\xff\"}", "invalid_json", ""},
                                         refusal_case{chat_api, std::string(100, '['), "invalid_json", ""}));

INSTANTIATE_TEST_SUITE_P(
    model, sloppy,
    testing::Values(refusal_case{chat_api, R"({"messages":[]})", "missing_required_parameter", "model"},
                    refusal_case{chat_api, R"({"model":null})", "invalid_type", "model"},
                    refusal_case{chat_api, R"({"model":5})", "invalid_type", "model"},
                    refusal_case{chat_api, R"({"model":""})", "missing_required_parameter", "model"},
                    refusal_case{chat_api, R"({"model":"a b"})", "model_not_found", "model"}));

INSTANTIATE_TEST_SUITE_P(
    messages, sloppy,
    testing::Values(
        refusal_case{chat_api, R"({"model":"m"})", "missing_required_parameter", "messages"},
        refusal_case{chat_api, messages("null"), "missing_required_parameter", "messages"},
        refusal_case{chat_api, messages("\"x\""), "invalid_type", "messages"},
        refusal_case{chat_api, messages("[]"), "empty_array", "messages"},
        refusal_case{chat_api, messages(R"(["x"])"), "invalid_type", "messages[0]"},
        refusal_case{chat_api, messages(R"([{"content":"x"}])"), "missing_required_parameter",
                     "messages[0].role"},
        refusal_case{chat_api, messages(R"([{"role":5,"content":"x"}])"), "invalid_type", "messages[0].role"},
        refusal_case{chat_api, messages(R"([{"role":"user","content":"x"},{"role":"wizard","content":"x"}])"),
                     "invalid_value", "messages[1].role"},
        refusal_case{chat_api, messages(R"([{"role":"user"}])"), "missing_required_parameter",
                     "messages[0].content"},
        refusal_case{chat_api, messages(R"([{"role":"user","content":null}])"), "missing_required_parameter",
                     "messages[0].content"},
        refusal_case{chat_api, messages(R"([{"role":"user","content":7}])"), "invalid_type",
                     "messages[0].content"},
        refusal_case{chat_api, messages(R"([{"role":"user","content":["x"]}])"), "invalid_type",
                     "messages[0].content[0]"},
        refusal_case{
            chat_api,
            messages(R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x"}}]}])"),
            "remote_content_not_allowed", "messages[0].content[0].image_url"},
        refusal_case{
            chat_api,
            messages(R"([{"role":"user","content":[{"type":"image_url","image_url":"file:///x"}]}])"),
            "remote_content_not_allowed", "messages[0].content[0].image_url"}));

INSTANTIATE_TEST_SUITE_P(
    types, sloppy,
    testing::Values(refusal_case{chat_api, chat(R"(,"stream":"yes")"), "invalid_type", "stream"},
                    refusal_case{chat_api, chat(R"(,"stream_options":4)"), "invalid_type", "stream_options"},
                    refusal_case{chat_api, chat(R"(,"stream_options":{"include_usage":"a"})"), "invalid_type",
                                 "stream_options.include_usage"},
                    refusal_case{chat_api, chat(R"(,"max_tokens":"a")"), "invalid_type", "max_tokens"},
                    refusal_case{chat_api, chat(R"(,"max_tokens":1.5)"), "invalid_type", "max_tokens"},
                    refusal_case{chat_api, chat(R"(,"max_completion_tokens":[])"), "invalid_type",
                                 "max_completion_tokens"},
                    refusal_case{chat_api, chat(R"(,"temperature":"hot")"), "invalid_type", "temperature"},
                    refusal_case{chat_api, chat(R"(,"n":"a")"), "invalid_type", "n"},
                    refusal_case{chat_api, chat(R"(,"n":0)"), "integer_below_min_value", "n"},
                    refusal_case{chat_api, chat(R"(,"stop":5)"), "invalid_type", "stop"},
                    refusal_case{chat_api, chat(R"(,"tools":"a")"), "invalid_type", "tools"},
                    refusal_case{chat_api, chat(R"(,"logprobs":2)"), "invalid_type", "logprobs"},
                    refusal_case{chat_api, chat(R"(,"response_format":"json")"), "invalid_type",
                                 "response_format"}));

INSTANTIATE_TEST_SUITE_P(
    others, sloppy,
    testing::Values(
        refusal_case{endpoint::completions, R"({"model":"m"})", "missing_required_parameter", "prompt"},
        refusal_case{endpoint::completions, R"({"model":"m","prompt":5})", "invalid_type", "prompt"},
        refusal_case{endpoint::completions, R"({"model":"m","prompt":[]})", "empty_array", "prompt"},
        refusal_case{endpoint::embeddings, R"({"model":"m"})", "missing_required_parameter", "input"},
        refusal_case{endpoint::embeddings, R"({"model":"m","input":[]})", "empty_array", "input"},
        refusal_case{endpoint::responses, R"({"model":"m"})", "missing_required_parameter", "input"},
        refusal_case{endpoint::responses, R"({"model":"m","input":5})", "invalid_type", "input"},
        refusal_case{
            endpoint::responses,
            R"({"model":"m","input":[{"content":[{"type":"input_image","image_url":"https://x"}]}]})",
            "remote_content_not_allowed", "input[0].content[0].image_url"},
        refusal_case{endpoint::rerank, R"({"model":"m","documents":["a"]})", "missing_required_parameter",
                     "query"},
        refusal_case{endpoint::rerank, R"({"model":"m","query":"a","documents":[]})", "empty_array",
                     "documents"}));

TEST(check_request, takes_what_openai_takes) {
  const std::vector<std::pair<endpoint, std::string>> good{
      {chat_api, chat("")},
      {chat_api,
       chat(R"(,"stream":null,"n":null,"stop":["a"],"temperature":1,"seed":-1,"unknown":{"x":[1]})")},
      {chat_api,
       messages(R"([{"role":"developer","content":"x"},{"role":"assistant","content":null,"tool_calls":[]},)"
                R"({"role":"tool","tool_call_id":"a","content":"1"}])")},
      {chat_api, messages(R"([{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url",)"
                          R"("image_url":{"url":"data:image/png;base64,AA=="}}]}])")},
      {endpoint::completions, R"({"model":"m","prompt":["a",[1,2]],"logprobs":2})"},
      {endpoint::embeddings, R"({"model":"m","input":"x","encoding_format":"base64"})"},
      {endpoint::responses, R"({"model":"m","input":[{"role":"user","content":"x"}]})"},
      {endpoint::moderations, R"({"input":"x"})"},
      {endpoint::images_generations, R"({"prompt":"x"})"},
      {endpoint::rerank, R"({"model":"m","query":"q","documents":["d",{"text":"e"}]})"},
      {endpoint::audio_transcriptions, "--boundary\r\n not JSON"}};
  for (const auto& [which, body] : good) {
    const request_check check = check_request(which, secret(body));
    EXPECT_FALSE(check.refused.has_value())
        << name(which) << ": " << (check.refused ? check.refused->message : "");
  }
}

TEST(check_request, tells_what_routing_needs) {
  const request_check check =
      check_request(chat_api, secret(chat(R"(,"stream":true,"stream_options":{"include_usage":true})")));
  EXPECT_EQ(check.facts.model, "m");
  EXPECT_EQ(check.facts.how, delivery::streamed);
  EXPECT_EQ(check.facts.usage, stream_usage::asked);
  EXPECT_EQ(check_request(chat_api, secret(chat(""))).facts.how, delivery::whole);
}

TEST(check_request, messages_never_repeat_what_was_sent) {
  for (const std::string& body :
       {messages(R"([{"role":"canary","content":"canary"}])"),
        messages(R"([{"role":"user","content":{"canary":1}}])"), chat(R"(,"stop":{"canary":"canary"})"),
        std::string(R"({"canary)"), messages(R"([{"role":"user","content":[{"image_url":"canary"}]}])")}) {
    const request_check check = check_request(chat_api, secret(body));
    ASSERT_TRUE(check.refused.has_value());
    EXPECT_EQ(to_text(*check.refused).find("canary"), std::string::npos);
  }
}

request_facts facts(endpoint which, stream_usage usage = stream_usage::not_asked) {
  request_facts out;
  out.which = which;
  out.usage = usage;
  return out;
}

std::string whole(endpoint which, std::string_view body) {
  return shown(answer_fixer(facts(which)).whole(secret(body)));
}

TEST(answer_fixer, adds_null_members_and_nothing_else) {
  EXPECT_EQ(
      whole(chat_api, R"({ "choices":[{"index":0,"message":{"role":"assistant","content":"a"}}],"n":1.50 })"),
      R"({ "choices":[{"logprobs":null,"index":0,"message":{"refusal":null,)"
      R"("role":"assistant","content":"a"}}],"n":1.50 })");
  EXPECT_EQ(whole(chat_api, R"({"choices":[{},{"message":{}}]})"),
            R"({"choices":[{"logprobs":null},{"logprobs":null,"message":{"refusal":null}}]})");
  EXPECT_EQ(whole(endpoint::completions, R"({"choices":[{"text":"a"}]})"),
            R"({"choices":[{"logprobs":null,"text":"a"}]})");
}

TEST(answer_fixer, leaves_alone_what_is_complete_or_not_understood) {
  for (
      const std::string_view body :
      {R"({"choices":[{"logprobs":{"content":[]},"message":{"refusal":"no","content":"\"choices\":[{}]"}}]})",
       R"({"choices":[]})", R"({"choices":{}})", R"({"choices":5})", R"({"error":{}})", "[]", "", "{",
       "not json", R"({"choices":[{)", R"({"choices":[{}],})", R"({"choices":[{}]}{})",
       R"({"choices":[{}]]})", R"({"choices":[{"message":{"content":"cut)"}) {
    EXPECT_EQ(whole(chat_api, body), body);
  }
  EXPECT_EQ(whole(endpoint::embeddings, R"({"choices":[{}]})"), R"({"choices":[{}]})");
}

TEST(answer_fixer, fixes_every_event_of_a_stream) {
  const std::string_view events =
      "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"
      ": comment {\"choices\":[{}]}\n\n"
      "event: x\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r\n"
      "data: {\"choices\":[],\"usage\":{\"total_tokens\":3}}\n\n"
      "data: [DONE]\n\n";
  EXPECT_EQ(
      shown(answer_fixer(facts(chat_api)).events(secret(events))),
      "data: {\"choices\":[{\"logprobs\":null,\"delta\":{\"refusal\":null,\"role\":\"assistant\"}}]}\n\n"
      ": comment {\"choices\":[{}]}\n\n"
      "event: x\r\ndata: {\"choices\":[{\"logprobs\":null,\"delta\":{\"content\":\"a\"}}]}\r\n\r\n"
      "data: {\"choices\":[],\"usage\":{\"total_tokens\":3}}\n\n"
      "data: [DONE]\n\n");
}

TEST(answer_fixer, null_usage_appears_only_when_usage_was_asked_for) {
  const std::string_view event = "data: {\"choices\":[{\"logprobs\":null}]}\n\n";
  EXPECT_EQ(shown(answer_fixer(facts(chat_api)).events(secret(event))), event);
  EXPECT_EQ(shown(answer_fixer(facts(chat_api, stream_usage::asked)).events(secret(event))),
            "data: {\"usage\":null,\"choices\":[{\"logprobs\":null}]}\n\n");
  const std::string_view last = "data: {\"choices\":[],\"x\":1}\n\n";
  EXPECT_EQ(shown(answer_fixer(facts(chat_api, stream_usage::asked)).events(secret(last))), last);
}

struct engine_error_case {
  int status;
  std::string_view body;
  int wanted_status;
  std::string_view wanted_code;
  std::string_view kept;  // of the engine's message; "" = nothing
};

class engine_errors : public testing::TestWithParam<engine_error_case> {};

TEST_P(engine_errors, become_openais) {
  const engine_error fixed = answer_fixer::error(GetParam().status, secret(GetParam().body));
  EXPECT_EQ(fixed.status, GetParam().wanted_status);
  const std::string text = shown(fixed.body);
  EXPECT_NE(text.find("\"code\":\"" + std::string(GetParam().wanted_code) + "\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"param\":null"), std::string::npos);
  EXPECT_NE(text.find(GetParam().kept), std::string::npos);
  EXPECT_EQ(text.find("canary"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    of_llama_server, engine_errors,
    testing::Values(
        engine_error_case{400,
                          R"({"error":{"code":400,"message":"bad grammar","type":"invalid_request_error"}})",
                          400, "invalid_request", "bad grammar"},
        engine_error_case{400,
                          R"({"error":{"code":400,"message":"request (9 tokens) exceeds",)"
                          R"("type":"exceed_context_size_error"}})",
                          400, "context_length_exceeded", "9 tokens"},
        engine_error_case{501, R"({"error":{"code":501,"message":"canary","type":"not_supported_error"}})",
                          501, "not_supported", ""},
        engine_error_case{500, R"({"error":{"code":500,"message":"canary {\"a\":1}","type":"server_error"}})",
                          500, "engine_error", ""},
        engine_error_case{
            500, R"({"error":{"code":500,"message":"image input is not supported - canary","type":"x"}})",
            400, "unsupported_content", ""},
        engine_error_case{500,
                          R"({"error":{"code":500,"message":"Failed to parse tools: canary","type":"x"}})",
                          400, "invalid_value", ""}));

INSTANTIATE_TEST_SUITE_P(
    of_others, engine_errors,
    testing::Values(
        engine_error_case{400,
                          R"({"object":"error","message":"too long","type":"BadRequestError","code":400})",
                          400, "invalid_request", "too long"},
        engine_error_case{500, "canary", 500, "engine_error", ""},
        engine_error_case{502, "<html>canary</html>", 502, "engine_error", ""},
        engine_error_case{404, "", 404, "invalid_request", ""},
        engine_error_case{401, R"({"error":{"message":"canary","type":"x","code":"y"}})", 502,
                          "engine_failed", ""},
        engine_error_case{429, "{}", 429, "engine_busy", "rate_limit_error"}));

TEST(answer_fixer, an_openai_error_passes_untouched) {
  const std::string_view body = R"({"error":{"message":"m","type":"t","param":"p","code":null},"x":1})";
  const engine_error fixed = answer_fixer::error(422, secret(body));
  EXPECT_EQ(fixed.status, 422);
  EXPECT_EQ(shown(fixed.body), body);
}

TEST(json_cursor, every_cut_of_a_text_fails_or_ends_inside_it) {
  const std::string_view text =
      R"({"a":[1,{"b":"\"]}\\"},[]],"choices":[{"message":{"x":null}}],"u":"\u00e9"})";
  std::vector<edit> edits;
  find_answer_edits(chat_api, text, chunk_usage::null_if_absent, edits);
  EXPECT_EQ(edits.size(), 3U);
  for (std::size_t size = 0; size < text.size(); ++size) {
    find_answer_edits(chat_api, text.substr(0, size), chunk_usage::null_if_absent, edits);
    EXPECT_TRUE(edits.empty()) << size;
  }
}

TEST(json_cursor, refuses_bottomless_nesting) {
  const std::string deep(100'000, '[');
  json_cursor cursor(deep);
  cursor.skip_value();
  EXPECT_TRUE(cursor.failed());
}

}  // namespace
}  // namespace tp::openai
