#include "openai/error_answer.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "codec/json.hpp"

namespace tp::openai {
namespace {

// Every enumerator, whoever adds one.
std::vector<errc> every_errc() {
  std::vector<errc> out;
  for (int i = 0; name(static_cast<errc>(i)) != "unknown"; ++i) out.push_back(static_cast<errc>(i));
  return out;
}

std::string text_at(const json::object& object, std::string_view member) {
  const json::string* found = codec::find_string(object, member);
  return found == nullptr ? std::string("(none)") : std::string(codec::text_of(*found));
}

TEST(error_answer, every_failure_has_a_complete_answer) {
  const std::set<std::string> types{"invalid_request_error", "authentication_error",      "rate_limit_error",
                                    "server_error",          "service_unavailable_error", "timeout_error"};
  for (const errc failure : every_errc()) {
    const api_error answer = error_answer(failure);
    EXPECT_GE(answer.status, 400) << name(failure);
    EXPECT_LT(answer.status, 600) << name(failure);
    EXPECT_TRUE(types.contains(answer.type)) << name(failure);
    EXPECT_FALSE(answer.code.empty()) << name(failure);
    EXPECT_TRUE(answer.message.ends_with('.')) << name(failure);
    EXPECT_EQ(answer.type == "invalid_request_error", answer.status < 500) << name(failure);
  }
}

struct expectation {
  errc failure;
  int status;
  std::string_view code;
};

class sealed_api : public testing::TestWithParam<expectation> {};

TEST_P(sealed_api, answers_as_the_table_of_e2ee_section_9) {
  const api_error answer = error_answer(GetParam().failure);
  EXPECT_EQ(answer.status, GetParam().status);
  EXPECT_EQ(answer.code, GetParam().code);
  EXPECT_EQ(answer.type, GetParam().status >= 500 ? "server_error" : "invalid_request_error");
}

INSTANTIATE_TEST_SUITE_P(table, sealed_api,
                         testing::Values(expectation{errc::truncated, 400, "envelope_invalid"},
                                         expectation{errc::decrypt_failed, 400, "envelope_invalid"},
                                         expectation{errc::chunk_too_short, 400, "envelope_invalid"},
                                         expectation{errc::bad_enc, 400, "envelope_invalid"},
                                         expectation{errc::unknown_key, 400, "ohttp_key"},
                                         expectation{errc::suite_not_allowed, 400, "ohttp_key"},
                                         expectation{errc::chunk_too_large, 413, "body_too_large"},
                                         expectation{errc::message_too_large, 413, "body_too_large"},
                                         expectation{errc::too_many_chunks, 413, "body_too_large"},
                                         expectation{errc::replayed, 409, "request_replayed"},
                                         expectation{errc::bhttp_framing, 400, "bhttp_invalid"},
                                         expectation{errc::bhttp_truncated, 400, "bhttp_invalid"},
                                         expectation{errc::bhttp_control, 400, "bhttp_invalid"},
                                         expectation{errc::bhttp_field, 400, "bhttp_invalid"},
                                         expectation{errc::bhttp_padding, 400, "bhttp_invalid"},
                                         expectation{errc::bhttp_content_length, 400, "bhttp_invalid"},
                                         expectation{errc::bhttp_too_large, 431, "headers_too_large"},
                                         expectation{errc::misdirected, 421, "misdirected_request"},
                                         expectation{errc::expectation_failed, 417, "expectation_failed"},
                                         expectation{errc::not_found, 404, "not_found"},
                                         expectation{errc::method_not_allowed, 405, "method_not_allowed"},
                                         expectation{errc::date_invalid, 400, "date_invalid"},
                                         expectation{errc::date_out_of_window, 400, "date_out_of_window"},
                                         expectation{errc::node_busy, 503, "node_busy"},
                                         expectation{errc::node_not_found, 404, "node_not_found"},
                                         expectation{errc::node_gone, 502, "node_gone"},
                                         expectation{errc::deadline_exceeded, 504, "deadline_exceeded"}),
                         [](const auto& info) { return std::string(name(info.param.failure)); });

TEST(error_answer, two_failures_are_problem_documents) {
  for (const errc failure : every_errc()) {
    const bool expected = failure == errc::unknown_key || failure == errc::suite_not_allowed ||
                          failure == errc::date_invalid || failure == errc::date_out_of_window;
    EXPECT_EQ(error_answer(failure).detail.has_value(), expected) << name(failure);
  }
  const api_error answer = error_answer(errc::unknown_key);
  EXPECT_EQ(content_type(answer), "application/problem+json");
  const auto parsed = codec::parse_json(to_text(answer));
  ASSERT_TRUE(parsed);
  const json::object& top = parsed->get_object();
  EXPECT_EQ(text_at(top, "type"), "https://iana.org/assignments/http-problem-types#ohttp-key");
  EXPECT_EQ(codec::find_integer(top, "status"), 400);
  EXPECT_NE(codec::find_string(top, "title"), nullptr);
  ASSERT_NE(codec::find_object(top, "error"), nullptr);
  EXPECT_EQ(text_at(*codec::find_object(top, "error"), "code"), "ohttp_key");
}

TEST(error_answer, text_is_openais_shape) {
  EXPECT_EQ(to_text(invalid_request("Say more.", "too_short", "messages[0].role")),
            R"({"error":{"message":"Say more.","type":"invalid_request_error",)"
            R"("param":"messages[0].role","code":"too_short"}})");
  EXPECT_NE(to_text(error_answer(errc::node_busy)).find(R"("param":null)"), std::string::npos);
  EXPECT_EQ(content_type(error_answer(errc::node_busy)), "application/json");
}

TEST(error_answer, event_is_one_plain_error_object) {
  const std::string event = to_event(error_answer(errc::unknown_key));
  EXPECT_TRUE(event.starts_with(R"(data: {"error":{)"));
  EXPECT_TRUE(event.ends_with("}}\n\n"));
}

TEST(error_answer, waiting_helps_where_the_answer_says_so) {
  EXPECT_TRUE(error_answer(errc::node_busy).retry_after.has_value());
  EXPECT_TRUE(error_answer(errc::engine_unavailable).retry_after.has_value());
  EXPECT_FALSE(error_answer(errc::decrypt_failed).retry_after.has_value());
}

TEST(error_answer, every_refusal_names_itself) {
  for (int i = 0; i <= static_cast<int>(refusal::length_required); ++i) {
    const auto why = static_cast<refusal>(i);
    EXPECT_EQ(error_answer(why).code, name(why));
    EXPECT_GE(error_answer(why).status, 400);
  }
  EXPECT_EQ(error_answer(refusal::rate_limit_exceeded).type, "rate_limit_error");
  EXPECT_EQ(error_answer(refusal::invalid_api_key).status, 401);
  EXPECT_EQ(error_answer(refusal::gateway_not_configured).status, 503);
}

TEST(error_answer, a_caller_is_not_blamed_for_a_broken_answer) {
  EXPECT_EQ(upstream_answer(errc::decrypt_failed).code, "node_answer_invalid");
  EXPECT_EQ(upstream_answer(errc::bad_signature).status, 502);
  EXPECT_EQ(upstream_answer(errc::node_busy).code, "node_busy");
  EXPECT_EQ(upstream_answer(errc::connection_refused).code, "node_gone");
  EXPECT_EQ(upstream_answer(errc::truncated).code, "node_gone");
}

TEST(error_answer, unknown_model_is_named_only_if_it_is_an_id) {
  EXPECT_NE(model_not_found("gpt-9").message.find("gpt-9"), std::string::npos);
  EXPECT_EQ(model_not_found("my secret plan").message.find("secret"), std::string::npos);
  EXPECT_EQ(model_not_found("x").status, 404);
  EXPECT_EQ(model_not_found("x").param, "model");
}

TEST(error_answer, model_ids_are_bounded) {
  EXPECT_TRUE(sane_model_id("org/model-7B_q4.0:latest"));
  EXPECT_TRUE(sane_model_id(std::string(128, 'a')));
  EXPECT_FALSE(sane_model_id(std::string(129, 'a')));
  for (const std::string_view id : {"", "a b", "a\n", "a\"", "mod\xc3\xa8le", "<b>"})
    EXPECT_FALSE(sane_model_id(id));
}

}  // namespace
}  // namespace tp::openai
