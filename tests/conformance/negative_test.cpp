// negative.json: the failure of every bad message, and none for the good ones, however they are sliced.
#include <gtest/gtest.h>

#include <algorithm>

#include "codec/bhttp.hpp"
#include "e2ee/open.hpp"
#include "e2ee/seal.hpp"
#include "openai/error_answer.hpp"
#include "vectors.hpp"

namespace tp::conformance {
namespace {

class negative : public testing::Test {
 protected:
  const json::value file = load_vectors("negative.json");
  const manual_clock clock{integer(file, "now")};
  const json::array& section(std::string_view name) const { return file.as_object().at(name).as_array(); }

  std::unique_ptr<e2ee::key_ring> make_ring() {
    auto ring = std::make_unique<e2ee::key_ring>(clock, seeds, e2ee::key_ring::empty_t{});
    for (const json::value& key : section("node_keys")) {
      std::vector<crypto::aead_id> aeads;
      for (const json::value& id : key.as_object().at("aeads").as_array())
        aeads.push_back(static_cast<crypto::aead_id>(id.as_int64()));
      ring->adopt(static_cast<std::uint8_t>(integer(key, "id")), key_from(hex(key, "secret")), aeads);
      ring->listed(clock.unix_now() + 3'600);
    }
    return ring;
  }
  seeded_random seeds{7};
};

std::string named(const error_code& error) { return std::string(tp::name(to_errc(error))); }

e2ee::message_limits limits_of(const json::value& v) {
  e2ee::message_limits out = e2ee::request_limits;
  if (!has(v, "limits")) return out;
  const json::value& over = v.as_object().at("limits");
  if (has(over, "message")) out.message = static_cast<std::size_t>(integer(over, "message"));
  if (has(over, "chunk")) out.chunk = static_cast<std::size_t>(integer(over, "chunk"));
  if (has(over, "chunks")) out.chunks = static_cast<std::size_t>(integer(over, "chunks"));
  return out;
}

// Works for both openers.
template <class Opener>
std::string verdict(Opener& opener, bytes_view body, slicing how, bytes& opened) {
  const e2ee::piece_sink sink = [&opened](bytes_view piece) { append(opened, piece); };
  for (const bytes_view slice : slices(body, how)) {
    const result<void> pushed = opener.push(slice, sink);
    if (!pushed) {
      const std::size_t before = opened.size();
      EXPECT_EQ(opener.push(slice, sink).error(), pushed.error());
      EXPECT_EQ(opener.end(sink).error(), pushed.error());
      EXPECT_EQ(opened.size(), before);
      return named(pushed.error());
    }
  }
  const result<void> ended = opener.end(sink);
  return ended ? "ok" : named(ended.error());
}

void check_answer(const json::value& v, errc failure) {
  if (!has(v, "status")) return;
  const openai::api_error answer = openai::error_answer(failure);
  EXPECT_EQ(answer.status, integer(v, "status"));
  EXPECT_EQ(answer.code, text(v, "code"));
}

errc errc_named(std::string_view wanted) {
  for (int i = 0; i <= static_cast<int>(errc::internal); ++i)
    if (tp::name(static_cast<errc>(i)) == wanted) return static_cast<errc>(i);
  ADD_FAILURE() << "no such failure: " << wanted;
  return errc::internal;
}

TEST_F(negative, requests) {
  for (const json::value& v : section("requests")) {
    for (const slicing how : every_slicing) {
      SCOPED_TRACE(text(v, "name") + ", " + std::string(name(how)));
      const auto ring = make_ring();
      if (has(v, "seen"))
        for (const json::value& seen : v.as_object().at("seen").as_array()) {
          crypto::hpke_enc enc{};
          std::ranges::copy(from_hex(codec::text_of(seen.as_string())), enc.begin());
          ASSERT_TRUE(ring->find(42)->spent.insert(enc).has_value());
        }
      const e2ee::form form = text(v, "form") == "whole" ? e2ee::form::whole : e2ee::form::chunked;
      e2ee::request_opener opener(*ring, form, limits_of(v));
      bytes opened;
      const std::string got = verdict(opener, hex(v, "body"), how, opened);
      EXPECT_EQ(got, text(v, "expect"));
      if (got == "ok") EXPECT_TRUE(same(opened, hex(file, "request_plaintext")));
    }
    if (text(v, "expect") != "ok") check_answer(v, errc_named(text(v, "expect")));
  }
}

TEST_F(negative, responses) {
  const json::value& context = file.as_object().at("response_context");
  bytes list{0, 49};
  append(list, hex(context, "key_config"));
  const e2ee::key_choice key = e2ee::choose_key(list).value();
  ASSERT_EQ(static_cast<std::int64_t>(key.aead), integer(context, "aead_id"));
  for (const json::value& v : section("responses")) {
    for (const slicing how : every_slicing) {
      SCOPED_TRACE(text(v, "name") + ", " + std::string(name(how)));
      fixed_random random(hex(context, "ephemeral_secret"));
      bytes request, opened;
      e2ee::request_sealer sealer = e2ee::request_sealer::make(key, e2ee::form::chunked, random).value();
      e2ee::response_opener opener = sealer.finish({}, request).value();
      const std::string got = verdict(opener, hex(v, "body"), how, opened);
      EXPECT_EQ(got, text(v, "expect"));
      EXPECT_EQ(opener.done(), got == "ok");
      if (got == "ok") EXPECT_TRUE(same(opened, hex(context, "plaintext")));
    }
  }
}

// The message in an authentic envelope, one chunk a slice, so that the decoder sees the slices too.
TEST_F(negative, inner) {
  static constexpr e2ee::route routes[] = {{"POST", "/v1/chat/completions"}, {"GET", "/v1/models"}};
  const codec::peer_id self = codec::peer_id::parse(text(file, "peer_id")).value();
  const e2ee::request_policy policy{self, clock.unix_now(), routes};
  const auto ring = make_ring();
  const e2ee::key_choice key = e2ee::choose_key(ring->key_list()).value();
  for (const json::value& v : section("inner")) {
    for (const slicing how : every_slicing) {
      SCOPED_TRACE(text(v, "name") + ", " + std::string(name(how)));
      const bytes message = hex(v, "message");
      bytes envelope;
      e2ee::request_sealer sealer = e2ee::request_sealer::make(key, e2ee::form::chunked, seeds).value();
      for (const bytes_view slice : slices(message, how))
        ASSERT_TRUE(sealer.piece(slice, envelope).has_value());
      ASSERT_TRUE(sealer.finish({}, envelope).has_value());
      e2ee::sealed_request_reader reader(*ring, e2ee::form::chunked);
      ASSERT_TRUE(reader.push(envelope).has_value());
      const auto call = reader.end(policy, seeds);
      ASSERT_TRUE(call.has_value());
      EXPECT_EQ(call->request ? "ok" : named(call->request.error()), text(v, "expect"));
    }
    if (text(v, "expect") != "ok") check_answer(v, errc_named(text(v, "expect")));
  }
}

std::string response_verdict(bytes_view message, slicing how) {
  codec::bhttp_response_decoder decoder;
  const auto ignore = [](bytes_view) {};
  for (const bytes_view slice : slices(message, how)) {
    const result<void> pushed = decoder.push(slice, ignore);
    if (!pushed) return named(pushed.error());
  }
  const result<void> finished = decoder.finish();
  return finished ? "ok" : named(finished.error());
}

TEST_F(negative, bhttp_responses) {
  for (const json::value& v : section("bhttp_responses"))
    for (const slicing how : every_slicing)
      EXPECT_EQ(response_verdict(hex(v, "message"), how), text(v, "expect"))
          << text(v, "name") << ", " << name(how);
}

}  // namespace
}  // namespace tp::conformance
