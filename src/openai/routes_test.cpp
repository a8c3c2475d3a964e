#include "openai/routes.hpp"

#include <gtest/gtest.h>

#include "openai/models.hpp"

namespace tp::openai {
namespace {

TEST(routes, inference_is_found) {
  for (const std::string_view target :
       {"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/rerank",
        "/v1/moderations", "/v1/images/generations", "/v1/audio/speech", "/v1/audio/transcriptions",
        "/v1/audio/translations", "/v1/chat/completions?api-version=1"}) {
    EXPECT_TRUE(is_engine_route("POST", target)) << target;
    EXPECT_EQ(find_route("GET", target).outcome, route_outcome::wrong_method) << target;
    EXPECT_EQ(find_route("GET", target).allow, "POST");
  }
}

TEST(routes, nothing_else_reaches_an_engine) {
  for (const std::string_view target :
       {"/slots", "/props", "/v1/slots", "/v1", "/v1/", "/", "", "/v1/chat/completions/", "/v1//completions",
        "/v1/chat/../completions", "/v1/%63ompletions", "/V1/completions", "v1/completions",
        "/v1/models/../slots", "/v1/load", "/v1/chat/completions#x"}) {
    EXPECT_FALSE(is_engine_route("POST", target)) << target;
    EXPECT_FALSE(is_engine_route("GET", target)) << target;
  }
  EXPECT_FALSE(is_engine_route("post", "/v1/completions"));
}

TEST(routes, models_are_not_the_engines_to_answer) {
  EXPECT_EQ(find_route("GET", "/v1/models").which, endpoint::models);
  EXPECT_EQ(find_route("HEAD", "/v1/models").outcome, route_outcome::found);
  EXPECT_FALSE(is_engine_route("GET", "/v1/models"));
  EXPECT_EQ(find_route("POST", "/v1/models").outcome, route_outcome::wrong_method);
  EXPECT_EQ(find_route("POST", "/v1/models").allow, "GET, HEAD");
}

TEST(routes, a_model_id_may_hold_slashes_escaped_or_not) {
  EXPECT_EQ(find_route("GET", "/v1/models/org/m").model, "org/m");
  EXPECT_EQ(find_route("GET", "/v1/models/org%2Fm?x=1").model, "org/m");
  EXPECT_EQ(find_route("GET", "/v1/models/a%2").model, "a%2");
  EXPECT_EQ(find_route("GET", "/v1/models/a%zz").model, "a%zz");
  EXPECT_EQ(find_route("GET", "/v1/models/a%252F").model, "a%2F");  // once, not twice
  EXPECT_EQ(find_route("GET", "/v1/models/").outcome, route_outcome::unknown);
}

TEST(routes, other_spellings_of_the_prefix_mean_the_same) {
  for (const std::string_view prefix : {"/v1/", "/v2/", "/api/v1/", "/api/v2/"}) {
    EXPECT_EQ(canonical_target(std::string(prefix) + "models?x"), "/v1/models?x");
  }
  for (const std::string_view target : {"/", "/v1", "/v3/models", "/api/models", "/api/v1"}) {
    EXPECT_FALSE(canonical_target(target).has_value()) << target;
  }
}

TEST(models, list_has_openais_shape_and_only_sane_ids) {
  const std::vector<model_entry> models{
      {.id = "m", .created = 5, .context_length = 2048, .capabilities = {"chat"}}, {.id = "<script>"}};
  EXPECT_EQ(model_list_text(models),
            R"({"object":"list","data":[{"id":"m","object":"model","created":5,"owned_by":"token.place",)"
            R"("context_length":2048,"capabilities":["chat"]}]})");
  EXPECT_EQ(model_list_text({}), R"({"object":"list","data":[]})");
  EXPECT_EQ(model_text({.id = "m"}), R"({"id":"m","object":"model","created":0,"owned_by":"token.place"})");
}

TEST(models, lists_of_known_servers_are_understood) {
  const auto llama =
      parse_model_list(R"({"object":"list","data":[{"id":"a","meta":{"n_ctx":2048,"n_ctx_train":8192}}]})");
  ASSERT_TRUE(llama);
  EXPECT_EQ(llama->at(0).context_length, 2048);
  const auto vllm =
      parse_model_list(R"({"data":[{"id":"org/b","max_model_len":4096,"created":7},{"id":5},{},"x"]})");
  ASSERT_TRUE(vllm);
  ASSERT_EQ(vllm->size(), 1U);
  EXPECT_EQ(vllm->at(0).context_length, 4096);
  EXPECT_EQ(vllm->at(0).created, 7);
}

TEST(models, nonsense_is_refused) {
  EXPECT_EQ(parse_model_list("<html>").error(), errc::invalid_json);
  EXPECT_EQ(parse_model_list("{}").error(), errc::field_invalid);
  EXPECT_EQ(parse_model_list(R"({"data":{}})").error(), errc::field_invalid);
  std::string many = R"({"data":[{})";
  for (int i = 0; i < 300; ++i) many += ",{}";
  EXPECT_EQ(parse_model_list(many + "]}").error(), errc::too_many);
}

}  // namespace
}  // namespace tp::openai
