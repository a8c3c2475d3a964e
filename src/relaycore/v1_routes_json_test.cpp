#include "relaycore/v1_routes_json.hpp"

#include <gtest/gtest.h>

#include "codec/json.hpp"

namespace tp::relaycore {
namespace {

using std::chrono::seconds;

json::value parsed(std::string_view text) {
  auto value = codec::parse_json(text);
  return value ? std::move(*value) : json::value("not JSON");
}

void expect_reply(const v1_reply& reply, int status, std::string_view body) {
  EXPECT_EQ(reply.status, status) << body;
  EXPECT_EQ(parsed(reply.body), parsed(body)) << body;
}

// The parser of each route, reduced to its verdict.
errc verdict(v1_route route, std::string_view body) {
  const auto error_of = [](const auto& parsed) { return parsed ? errc::ok : to_errc(parsed.error()); };
  switch (route) {
    case v1_route::faucet:
      return error_of(parse_v1_faucet(body));
    case v1_route::sink:
      return error_of(parse_v1_sink(body));
    case v1_route::source:
      return error_of(parse_v1_source(body));
    case v1_route::stream_source:
      return error_of(parse_v1_stream_source(body));
    default:
      return error_of(parse_v1_key(route, body));
  }
}

// Status and body a client sees for this request body if nothing but parsing can fail.
v1_reply answered(v1_route route, std::string_view body) {
  const errc failure = verdict(route, body);
  return failure == errc::ok ? v1_reply{200, "{}"} : v1_refusal(route, failure);
}

struct post_row {
  v1_route route;
  std::string_view least;     // a body with what is required only
  std::string_view refusal;   // the route's usual 400
  std::string_view required;  // its fields
  std::string_view optional;
};
constexpr std::string_view not_valid = R"({"error":"Invalid request data"})";
constexpr post_row post_rows[] = {
    {v1_route::faucet, R"({"server_public_key":"S","chat_history":"h","cipherkey":"k","iv":"i"})",
     R"({"error":{"message":"Invalid request data","code":400}})",
     "server_public_key chat_history cipherkey iv", "client_public_key stream mode tag associated_data"},
    {v1_route::sink, R"({"server_public_key":"S"})", R"({"error":"Invalid public key"})", "server_public_key",
     "challenge_response"},
    {v1_route::source, R"({"client_public_key":"C","chat_history":"h","cipherkey":"k","iv":"i"})", not_valid,
     "client_public_key chat_history cipherkey iv", "mode tag associated_data"},
    {v1_route::retrieve, R"({"client_public_key":"C"})", not_valid, "client_public_key", ""},
    {v1_route::unregister, R"({"server_public_key":"S"})", R"({"error":"Invalid public key"})",
     "server_public_key", ""},
    {v1_route::stream_source, R"({"session_id":"s","chunk":"c"})", not_valid, "session_id chunk", "final"},
    {v1_route::stream_retrieve, R"({"client_public_key":"C"})", not_valid, "client_public_key", ""},
};

std::vector<std::string> words(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    out.emplace_back(list.substr(0, list.find(' ')));
    list.remove_prefix(std::min(list.size(), out.back().size() + 1));
  }
  return out;
}

// `body` with `field` set to a JSON text, or without it.
std::string with_field(std::string_view body, const std::string& field, std::string_view value) {
  json::value changed = parsed(body);
  if (value.empty()) {
    changed.get_object().erase(field);
  } else {
    changed.get_object()[field] = parsed(value);
  }
  return codec::to_text(changed);
}

TEST(v1_routes, are_found_by_path_and_have_a_method) {
  EXPECT_EQ(find_v1_route("/next_server"), v1_route::next_server);
  EXPECT_EQ(find_v1_route("/stream/retrieve"), v1_route::stream_retrieve);
  for (const std::string_view path : {"", "/", "/sink/", "/Sink", "/stream", "/faucet2"}) {
    EXPECT_FALSE(find_v1_route(path).has_value()) << path;
  }
  EXPECT_EQ(method_of(v1_route::next_server), "GET");
  for (const post_row& row : post_rows) EXPECT_EQ(method_of(row.route), "POST");
}

TEST(v1_routes, what_is_required_is_enough_and_all_of_it_is_needed) {
  for (const post_row& row : post_rows) {
    EXPECT_EQ(answered(row.route, row.least).status, 200) << row.least;
    for (const std::string& field : words(row.required)) {
      for (const std::string_view value : {"", "null", "\"\""}) {
        if (field == "chunk" && value == "\"\"") continue;  // an empty piece of text is one
        expect_reply(answered(row.route, with_field(row.least, field, value)), 400, row.refusal);
      }
    }
    for (const std::string& field : words(row.optional)) {
      EXPECT_EQ(answered(row.route, with_field(row.least, field, "null")).status, 200) << field;
    }
    EXPECT_EQ(answered(row.route, with_field(row.least, "unknown", "[1]")).status, 200);
  }
}

TEST(v1_routes, odd_json_types_in_every_field_get_the_routes_own_400) {
  for (const post_row& row : post_rows) {
    for (const std::string& field : words(std::string(row.required) + " " + std::string(row.optional))) {
      for (const std::string_view value : {"0", "1", "-1", "1.5", "1e300", "18446744073709551615", "true",
                                           "[]", "[\"x\"]", "[[[]]]", "{}", "{\"a\":1}", "\"x\""}) {
        const bool is_text = value == "\"x\"";
        const bool is_flag = field == "stream" || field == "final";
        const bool right = field == "chunk" ? is_text || value.starts_with('{')
                           : is_flag        ? value == "true"
                                            : is_text;
        const v1_reply reply = answered(row.route, with_field(row.least, field, value));
        if (field == "stream" && value == "true") {
          expect_reply(
              reply, 400,
              R"({"error":{"message":"Streaming requests require a client public key","code":400}})");
        } else if (right) {
          EXPECT_EQ(reply.status, 200) << field << " " << value;
        } else {
          expect_reply(reply, 400, row.refusal);
        }
      }
    }
  }
}

TEST(v1_routes, bodies_that_are_no_object_get_the_routes_own_400) {
  for (const post_row& row : post_rows) {
    for (const std::string_view body :
         {"", " ", "null", "true", "0", "\"server_public_key\"", "[]", "{", "{}", "{\"server_public_key\"",
          "[[[[", "\xff", "{\"a\":\"\xed\xa0\x80\"}", "<html>", "server_public_key=S"}) {
      expect_reply(answered(row.route, body), 400, row.refusal);
    }
  }
}

TEST(v1_routes, unbounded_bodies_and_fields_are_refused) {
  for (const post_row& row : post_rows) {
    const std::string body =
        with_field(row.least, "unknown", '"' + std::string(body_bytes_max(row.route), 'x') + '"');
    EXPECT_EQ(answered(row.route, body).status, 413);
    for (const std::string& field : words(row.required)) {
      if (field == "chat_history" || field == "chunk") continue;  // bounded by the body
      const std::string longest(limits::v1_key_text_max + 1, 'x');
      expect_reply(answered(row.route, with_field(row.least, field, '"' + longest + '"')), 400, row.refusal);
    }
  }
  std::string deep(1'000, '[');
  deep = R"({"session_id":"s","chunk":{"a":)" + deep + std::string(1'000, ']') + "}}";
  expect_reply(answered(v1_route::stream_source, deep), 400, not_valid);
}

TEST(v1_routes, a_faucet_body_is_read_whole) {
  const auto request = parse_v1_faucet(
      R"({"server_public_key":"S","client_public_key":"C","chat_history":"h","cipherkey":"k","iv":"i",
          "stream":true,"mode":"GCM","tag":"t","associated_data":"a"})");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->server_key, "S");
  EXPECT_EQ(request->client_key, "C");
  EXPECT_EQ(request->form, v1_form::stream);
  EXPECT_TRUE(request->sealed == (v1_sealed{"h", "k", "i", "GCM", "t", "a"}));
  EXPECT_EQ(parse_v1_faucet(post_rows[0].least)->client_key, "");
  EXPECT_EQ(parse_v1_faucet(with_field(post_rows[0].least, "stream", "false"))->form, v1_form::whole);
}

TEST(v1_routes, batch_sizes_are_whole_numbers_from_one) {
  const std::string_view wrong = R"({"error":"Invalid max_batch_size"})";
  for (const std::string_view size :
       {"0", "-1", "1.5", "2.0", "true", "\"2\"", "[]", "{}", "-9223372036854775808"}) {
    expect_reply(answered(v1_route::sink, with_field(R"({"server_public_key":"S"})", "max_batch_size", size)),
                 400, wrong);
  }
  expect_reply(answered(v1_route::sink, R"({"max_batch_size":0})"), 400, wrong);
  const struct {
    std::string_view size;
    std::size_t batch;
  } rows[] = {{"1", 1},
              {"2", 2},
              {"null", 1},
              {"1000", limits::v1_batch_max},
              {"18446744073709551615", limits::v1_batch_max}};
  for (const auto& row : rows) {
    const auto poll = parse_v1_sink(with_field(R"({"server_public_key":"S"})", "max_batch_size", row.size));
    ASSERT_TRUE(poll.has_value()) << row.size;
    EXPECT_EQ(poll->batch, row.batch);
    EXPECT_EQ(poll->wants_list, row.batch > 1);
  }
  EXPECT_EQ(parse_v1_sink(R"({"server_public_key":"S","challenge_response":"r"})")->challenge_response, "r");
}

TEST(v1_routes, every_answer_is_the_first_token_places) {
  expect_reply(v1_next_server_reply("S"), 200, R"({"server_public_key":"S"})");
  expect_reply(v1_next_server_reply(std::nullopt), 200,
               R"({"error":{"message":"No servers available","code":503}})");
  expect_reply(v1_faucet_reply(), 200, R"({"message":"Request received"})");
  expect_reply(v1_source_reply(), 200, R"({"message":"Response received and queued for client"})");
  expect_reply(v1_retrieve_reply(v1_sealed{"h", "k", "i", {}, {}, {}}), 200,
               R"({"chat_history":"h","cipherkey":"k","iv":"i"})");
  expect_reply(
      v1_retrieve_reply(v1_sealed{"h", "k", "i", "GCM", "t", "a"}), 200,
      R"({"chat_history":"h","cipherkey":"k","iv":"i","mode":"GCM","tag":"t","associated_data":"a"})");
  expect_reply(v1_retrieve_reply(std::nullopt), 200,
               R"({"error":"No response available for the given public key"})");
  expect_reply(v1_unregister_reply(v1_removed::yes), 200,
               R"({"message":"Server unregistered","removed":true})");
  expect_reply(v1_unregister_reply(v1_removed::no), 200,
               R"({"message":"Server unregistered","removed":false})");
  expect_reply(v1_stream_source_reply(v1_end::open), 200, R"({"message":"Chunk stored","final":false})");
  expect_reply(v1_stream_source_reply(v1_end::final), 200, R"({"message":"Chunk stored","final":true})");
  expect_reply(v1_stream_retrieve_reply(std::nullopt), 200,
               R"({"error":"No active stream for the given public key"})");
  expect_reply(v1_stream_retrieve_reply(v1_chunks{"s", {}, v1_end::open}), 200,
               R"({"stream":true,"session_id":"s","chunks":[]})");
  expect_reply(v1_stream_retrieve_reply(v1_chunks{"s", {"\"a\"", "{\"iv\":\"b\"}"}, v1_end::final}), 200,
               R"({"stream":true,"session_id":"s","chunks":["a",{"iv":"b"}],"final":true})");
}

TEST(v1_routes, a_poll_is_answered_with_or_without_work_batch_and_stream) {
  const v1_work one{"C", {"h", "k", "i", {}, {}, {}}, {}};
  const v1_work stream{"D", {"h2", "k2", "i2", {}, {}, {}}, "s"};
  const v1_work unnamed{"", {"h", "k", "i", {}, {}, {}}, {}};
  const v1_poll single{"S"};
  const v1_poll listed{"S", 2, true};
  expect_reply(v1_sink_reply(single, {seconds(3), {}, {}}), 200, R"({"next_ping_in_x_seconds":3})");
  expect_reply(v1_sink_reply(listed, {seconds(3), {}, {}}), 200, R"({"next_ping_in_x_seconds":3})");
  expect_reply(v1_sink_reply(single, {seconds(3), {}, "sealed"}), 200,
               R"({"next_ping_in_x_seconds":3,"challenge":"sealed"})");
  expect_reply(
      v1_sink_reply(single, {seconds(1), {one}, {}}), 200,
      R"({"next_ping_in_x_seconds":1,"client_public_key":"C","chat_history":"h","cipherkey":"k","iv":"i"})");
  expect_reply(
      v1_sink_reply(single, {seconds(1), {unnamed}, {}}), 200,
      R"({"next_ping_in_x_seconds":1,"client_public_key":null,"chat_history":"h","cipherkey":"k","iv":"i"})");
  expect_reply(
      v1_sink_reply(single, {seconds(1), {stream}, {}}), 200,
      R"({"next_ping_in_x_seconds":1,"client_public_key":"D","chat_history":"h2","cipherkey":"k2","iv":"i2",
                   "stream":true,"stream_session_id":"s"})");
  expect_reply(
      v1_sink_reply(listed, {seconds(1), {one, stream}, {}}), 200,
      R"({"next_ping_in_x_seconds":1,"client_public_key":"C","chat_history":"h","cipherkey":"k","iv":"i",
                   "batch":[
      {"client_public_key":"C","chat_history":"h","cipherkey":"k","iv":"i","stream":false},
      {"client_public_key":"D","chat_history":"h2","cipherkey":"k2","iv":"i2","stream":true,
       "stream_session_id":"s"}]})");
}

TEST(v1_routes, every_refusal_is_the_first_token_places_or_openais) {
  expect_reply(v1_refusal(v1_route::faucet, errc::node_not_found), 404,
               R"({"error":"Server with the specified public key not found"})");
  expect_reply(v1_refusal(v1_route::sink, errc::field_invalid), 400, R"({"error":"Invalid max_batch_size"})");
  expect_reply(v1_refusal(v1_route::sink, errc::invalid_argument), 400, R"({"error":"Invalid public key"})");
  expect_reply(v1_refusal(v1_route::source, errc::not_found), 400, not_valid);
  expect_reply(v1_refusal(v1_route::stream_source, errc::not_found), 404,
               R"({"error":"Unknown stream session"})");
  for (const post_row& row : post_rows) {
    expect_reply(v1_refusal(row.route, errc::invalid_argument), 400, row.refusal);
    expect_reply(v1_refusal(row.route, errc::permission_denied), 401,
                 R"({"error":{"message":"Missing or invalid relay server token","code":401}})");
    for (const auto& [failure, status] :
         {std::pair{errc::too_large, 413}, {errc::too_many, 429}, {errc::node_busy, 503}}) {
      const v1_reply reply = v1_refusal(row.route, failure);
      EXPECT_EQ(reply.status, status);
      const json::value body = parsed(reply.body);
      const json::object* const error = codec::find_object(body.get_object(), "error");
      ASSERT_NE(error, nullptr);
      for (const char* const member : {"message", "type", "code"}) {
        EXPECT_NE(codec::find_string(*error, member), nullptr) << member;
      }
      EXPECT_TRUE(error->contains("param"));
    }
  }
}

TEST(v1_routes, a_wait_is_asked_for_in_either_way_and_bounded) {
  const struct {
    std::string_view prefer;
    std::string_view query;
    int seconds;
  } rows[] = {
      {"", "", 0},
      {"wait=5", "", 5},
      {"respond-async, Wait = 7 ; x=1", "", 7},
      {"wait=1000", "", 30},
      {"wait=99999999999999999999", "", 30},
      {"wait=-1", "", 0},
      {"wait=", "", 0},
      {"wait", "", 0},
      {"wait=5x", "", 0},
      {",,wait=5", "", 5},
      {"waits=5", "", 0},
      {"", "wait=5", 5},
      {"", "a=b&wait=12&wait=3", 12},
      {"", "wait=", 0},
      {"", "await=5", 0},
      {"wait=2", "wait=5", 2},
  };
  for (const auto& row : rows)
    EXPECT_EQ(v1_wait(row.prefer, row.query), seconds(row.seconds)) << row.prefer << row.query;
}

}  // namespace
}  // namespace tp::relaycore
