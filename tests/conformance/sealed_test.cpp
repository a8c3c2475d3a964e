// ohttp-rfc9458.json, ohttp-chunked-08.json, sealed.json: every value at every stage.
#include <gtest/gtest.h>

#include <algorithm>

#include "codec/bhttp.hpp"
#include "crypto/hash.hpp"
#include "e2ee/open.hpp"
#include "e2ee/seal.hpp"
#include "vectors.hpp"

namespace tp::conformance {
namespace {

struct sealed_case {
  const json::value& v;
  e2ee::form form;
  crypto::aead_id aead;
  std::uint8_t key_id;

  explicit sealed_case(const json::value& vector)
      : v(vector),
        form(text(vector, "form") == "whole" ? e2ee::form::whole : e2ee::form::chunked),
        aead(static_cast<crypto::aead_id>(integer(vector, "aead_id"))),
        key_id(static_cast<std::uint8_t>(integer(vector, "key_id"))) {}

  bytes at(std::string_view member) const { return hex(v, member); }
  const json::array& chunks(std::string_view member) const { return v.as_object().at(member).as_array(); }
  e2ee::key_choice choice() const {
    e2ee::key_choice out{key_id, {}, aead};
    std::ranges::copy(at("node_public"), out.public_key.begin());
    return out;
  }
};

std::vector<json::value> vector_files() {
  return {load_vectors("ohttp-rfc9458.json"), load_vectors("ohttp-chunked-08.json"),
          load_vectors("sealed.json")};
}

template <class Check>
void for_every_case(Check check) {
  for (const json::value& file : vector_files())
    for (const json::value& v : file.as_object().at("vectors").as_array()) {
      SCOPED_TRACE(text(file, "source").substr(0, 30) + (has(v, "name") ? ", " + text(v, "name") : ""));
      check(sealed_case(v));
    }
}

bytes joined(std::initializer_list<bytes_view> parts) {
  bytes out;
  for (const bytes_view part : parts) append(out, part);
  return out;
}

TEST(sealed, key_list_header_and_info) {
  for_every_case([](const sealed_case& c) {
    const auto configs = e2ee::parse_key_list(c.at("ohttp_keys")).value();
    ASSERT_EQ(configs.size(), 1U);
    EXPECT_EQ(configs[0].key_id, c.key_id);
    EXPECT_TRUE(same(e2ee::write_key_list(configs), c.at("ohttp_keys")));
    EXPECT_TRUE(same(configs[0].public_key, key_from(c.at("node_secret")).public_key));
    EXPECT_TRUE(same(bytes_view(c.at("ohttp_keys")).subspan(2), c.at("key_config")));
    const e2ee::suite_header header =
        e2ee::read_suite_header(bytes_view(c.at("encapsulated_request")).first<e2ee::suite_header_bytes>());
    EXPECT_EQ(header.key_id, c.key_id);
    EXPECT_TRUE(same(e2ee::request_info(c.form, header), c.at("info")));
  });
}

TEST(sealed, hpke_stages) {
  for_every_case([](const sealed_case& c) {
    const crypto::x25519_key ephemeral = key_from(c.at("ephemeral_secret"));
    EXPECT_TRUE(same(ephemeral.public_key, c.at("enc")));
    const secret_key dh = crypto::x25519(ephemeral.secret, c.choice().public_key).value();
    EXPECT_TRUE(same(dh.reveal(), c.at("dh")));
    // The steps inside hpke.cpp, written out once more from the specification.
    const bytes version = to_bytes("HPKE-v1");
    const bytes kem = joined({as_bytes("KEM"), bytes{0, 0x20}});
    const auto aead_low = static_cast<std::uint8_t>(c.aead);
    const bytes suite = joined({as_bytes("HPKE"), bytes{0, 0x20, 0, 1, 0, aead_low}});
    const bytes prk_input = joined({version, kem, as_bytes("eae_prk"), dh.reveal()});
    EXPECT_TRUE(same(crypto::hkdf_extract({}, prk_input), c.at("eae_prk")));
    const secret_key shared = crypto::hpke_kem_secret(dh, c.at("enc"), c.at("node_public"));
    EXPECT_TRUE(same(shared.reveal(), c.at("shared_secret")));
    const auto psk = crypto::hkdf_extract({}, joined({version, suite, as_bytes("psk_id_hash")}));
    const auto info = crypto::hkdf_extract({}, joined({version, suite, as_bytes("info_hash"), c.at("info")}));
    EXPECT_TRUE(same(joined({bytes{0}, psk, info}), c.at("key_schedule_context")));
    const auto secret = crypto::hkdf_extract(shared.reveal(), joined({version, suite, as_bytes("secret")}));
    EXPECT_TRUE(same(secret, c.at("hpke_secret")));
    const crypto::hpke_schedule schedule = crypto::hpke_key_schedule(c.aead, shared, c.at("info"));
    EXPECT_TRUE(same(schedule.key.reveal(), c.at("hpke_key")));
    EXPECT_TRUE(same(schedule.base_nonce, c.at("hpke_base_nonce")));
    EXPECT_TRUE(same(schedule.exporter.reveal(), c.at("hpke_exporter_secret")));
  });
}

TEST(sealed, response_stages) {
  for_every_case([](const sealed_case& c) {
    const std::size_t size = e2ee::response_nonce_bytes(c.aead);
    EXPECT_EQ(c.at("response_nonce").size(), size);
    fixed_random random(c.at("ephemeral_secret"));
    const auto sender =
        crypto::hpke_sender::make(c.choice().public_key, c.aead, c.at("info"), random).value();
    const secret_key exported = sender.export_secret(as_bytes(e2ee::response_label(c.form)), size);
    EXPECT_TRUE(same(exported.reveal(), c.at("response_secret")));
    const bytes salt = joined({c.at("enc"), c.at("response_nonce")});
    EXPECT_TRUE(same(salt, c.at("response_salt")));
    const crypto::digest prk = crypto::hkdf_extract(salt, exported.reveal());
    EXPECT_TRUE(same(prk, c.at("response_prk")));
    bytes key(crypto::aead_key_bytes(c.aead)), base(crypto::aead_nonce_bytes);
    crypto::hkdf_expand(prk, as_bytes("key"), key);
    crypto::hkdf_expand(prk, as_bytes("nonce"), base);
    EXPECT_TRUE(same(key, c.at("response_key")));
    EXPECT_TRUE(same(base, c.at("response_base_nonce")));
  });
}

// Each chunk on its own, with the nonce the vector names.
void check_chunks(const sealed_case& c, std::string_view chunks, std::string_view key,
                  std::string_view base) {
  crypto::aead_key aead(c.aead, c.at(key), crypto::aead_use::seal);
  std::uint8_t number = 0;
  for (const json::value& chunk : c.chunks(chunks)) {
    crypto::aead_nonce nonce{};
    std::ranges::copy(c.at(base), nonce.begin());
    nonce[11] ^= number++;
    EXPECT_TRUE(same(nonce, hex(chunk, "nonce")));
    const bytes plain = hex(chunk, "plaintext");
    bytes sealed(plain.size() + crypto::aead_tag_bytes);
    aead.seal(nonce, hex(chunk, "aad"), plain, sealed);
    EXPECT_TRUE(same(sealed, hex(chunk, "ciphertext")));
  }
}

TEST(sealed, every_chunk) {
  for_every_case([](const sealed_case& c) {
    check_chunks(c, "request_chunks", "hpke_key", "hpke_base_nonce");
    check_chunks(c, "response_chunks", "response_key", "response_base_nonce");
  });
}

e2ee::response_opener seal_as_in(const sealed_case& c, bytes& request) {
  fixed_random random(c.at("ephemeral_secret"));
  e2ee::request_sealer sealer = e2ee::request_sealer::make(c.choice(), c.form, random).value();
  const json::array& chunks = c.chunks("request_chunks");
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i)
    EXPECT_TRUE(sealer.piece(hex(chunks[i], "plaintext"), request).has_value());
  return sealer.finish(hex(chunks[chunks.size() - 1], "plaintext"), request).value();
}

TEST(sealed, sealed_requests_are_the_published_bytes) {
  for_every_case([](const sealed_case& c) {
    bytes request;
    seal_as_in(c, request);
    EXPECT_TRUE(same(request, c.at("encapsulated_request")));
  });
}

void check_node(const sealed_case& c, slicing how) {
  SCOPED_TRACE(name(how));
  const manual_clock clock;
  seeded_random seeds(1);
  e2ee::key_ring ring(clock, seeds, e2ee::key_ring::empty_t{});
  ring.adopt(c.key_id, key_from(c.at("node_secret")), e2ee::offered_aeads());
  e2ee::request_opener opener(ring, c.form);
  std::vector<bytes> pieces;
  const e2ee::piece_sink sink = [&pieces](bytes_view piece) { pieces.push_back(to_bytes(piece)); };
  const bytes body = c.at("encapsulated_request");
  for (const bytes_view slice : slices(body, how)) ASSERT_TRUE(opener.push(slice, sink).has_value());
  ASSERT_TRUE(opener.end(sink).has_value());
  bytes all;
  for (const bytes& piece : pieces) append(all, piece);
  EXPECT_TRUE(same(all, c.at("request_plaintext")));

  fixed_random nonce(c.at("response_nonce"));
  e2ee::response_sealer sealer = opener.respond(nonce);
  bytes response;
  const json::array& chunks = c.chunks("response_chunks");
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i)
    ASSERT_TRUE(sealer.piece(hex(chunks[i], "plaintext"), response).has_value());
  ASSERT_TRUE(sealer.finish(hex(chunks[chunks.size() - 1], "plaintext"), response).has_value());
  EXPECT_TRUE(same(response, c.at("encapsulated_response")));
}

TEST(sealed, a_node_opens_the_request_and_seals_the_published_response) {
  for_every_case([](const sealed_case& c) {
    for (const slicing how : every_slicing) check_node(c, how);
  });
}

TEST(sealed, a_client_opens_the_response_piece_by_piece) {
  for_every_case([](const sealed_case& c) {
    for (const slicing how : every_slicing) {
      SCOPED_TRACE(name(how));
      bytes request, all;
      e2ee::response_opener opener = seal_as_in(c, request);
      const e2ee::piece_sink sink = [&all](bytes_view piece) { append(all, piece); };
      const bytes body = c.at("encapsulated_response");
      for (const bytes_view slice : slices(body, how)) ASSERT_TRUE(opener.push(slice, sink).has_value());
      ASSERT_TRUE(opener.end(sink).has_value());
      EXPECT_TRUE(opener.done());
      EXPECT_TRUE(same(all, c.at("response_plaintext")));
    }
  });
}

bool same_fields(const codec::http_fields& fields, const json::array& expected) {
  if (fields.size() != expected.size()) return false;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const json::array& line = expected[i].as_array();
    if (fields[i].name != codec::text_of(line.at(0).as_string())) return false;
    if (fields[i].value != codec::text_of(line.at(1).as_string())) return false;
  }
  return true;
}

TEST(sealed, decoded_requests_and_responses) {
  const json::value file = load_vectors("sealed.json");
  for (const json::value& v : file.as_object().at("vectors").as_array()) {
    SCOPED_TRACE(text(v, "name"));
    codec::bhttp_request_decoder requests;
    ASSERT_TRUE(requests.push(hex(v, "request_plaintext")).has_value());
    const codec::bhttp_request request = requests.finish().value();
    const json::value& wanted = v.as_object().at("request_decoded");
    EXPECT_TRUE(request.method == text(wanted, "method") && request.scheme == text(wanted, "scheme"));
    EXPECT_TRUE(request.authority == text(wanted, "authority") && request.path == text(wanted, "path"));
    EXPECT_TRUE(same_fields(request.fields, wanted.as_object().at("headers").as_array()));
    EXPECT_TRUE(same(request.content.reveal(), hex(wanted, "content")));

    codec::bhttp_response_decoder responses;
    bytes content;
    const auto sink = [&content](bytes_view piece) { append(content, piece); };
    ASSERT_TRUE(responses.push(hex(v, "response_plaintext"), sink).has_value());
    ASSERT_TRUE(responses.finish().has_value());
    const json::value& answer = v.as_object().at("response_decoded");
    EXPECT_EQ(responses.head()->status, integer(answer, "status"));
    EXPECT_TRUE(same_fields(responses.head()->fields, answer.as_object().at("headers").as_array()));
    EXPECT_TRUE(same(content, hex(answer, "content")));
  }
}

}  // namespace
}  // namespace tp::conformance
