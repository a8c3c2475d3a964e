// First byte: what the rest is. 0: the JSON of an envelope, which opens or is refused, the same way twice and
// as a stream's first chunk. 1: content to seal, after a byte of form and two of which bit of the ciphertext
// to flip: unchanged it opens, changed in GCM it does not. 2: a public key's text, which comes back from its
// own spelling. 3: a block with RSA's padding, after the message's length, against a reader that branches.
#include <algorithm>
#include <string>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"
#include "codec/utf8.hpp"
#include "codec/vector_file.hpp"
#include "crypto/rsa_unpad.hpp"
#include "e2ee/envelope_v1.hpp"
#include "e2ee/v1_public_key.hpp"

namespace {

using namespace tp;

const crypto::rsa_key& fixed_key() {
  static const crypto::rsa_key key = [] {
    const json::value vectors = codec::load_vectors("vectors/envelope-v1.json");
    const secret_key pem(as_bytes(codec::text_in(vectors, "private_key_pkcs8")));
    return crypto::rsa_key::from_pem(pem).value();
  }();
  return key;
}

void open_json(bytes_view text) {
  const auto object = codec::parse_json(as_chars(text));
  if (!object || !object->is_object()) return;
  const auto fields = e2ee::v1_fields_of(object->as_object(), e2ee::v1_body::ciphertext);
  if (!fields) return;
  const auto envelope = e2ee::parse_v1(*fields, limits::v1_request_bytes_max);
  if (!envelope) {
    const bool named = !e2ee::v1_field_not_base64(*fields).empty();
    TP_ASSERT(named || envelope.error() != errc::invalid_base64);
    return;
  }
  const auto opened = e2ee::open_v1(*envelope, fixed_key(), e2ee::v1_content::json);
  const auto again = e2ee::open_v1(*envelope, fixed_key(), e2ee::v1_content::text);
  e2ee::v1_stream_opener stream(fixed_key(), e2ee::v1_content::json);
  const auto chunk = stream.open(*envelope);
  TP_ASSERT(opened.has_value() == chunk.has_value());
  TP_ASSERT(opened.has_value() || opened.error() == errc::decrypt_failed);
  if (!opened) return;
  TP_ASSERT(again.has_value());  // JSON is text
  TP_ASSERT(codec::parse_json(opened->content.reveal_text()).has_value());
  TP_ASSERT(std::ranges::equal(opened->content.reveal(), chunk->reveal()));
}

void seal_content(bytes_view input) {
  if (input.size() < 3) return;
  seeded_random random(input.size());
  const bytes_view content = input.subspan(3);
  e2ee::v1_sealing sealing;
  if ((input[0] & 1) != 0) sealing.mode = e2ee::v1_mode::gcm;
  if ((input[0] & 2) != 0) sealing.padding = crypto::rsa_padding::pkcs1;
  const bool about = sealing.mode == e2ee::v1_mode::gcm && (input[0] & 4) != 0;
  if (about) sealing.associated_data = content.first(std::min(content.size(), std::size_t{100}));
  auto sealed = e2ee::seal_v1(plaintext(content), fixed_key().public_key(), sealing, random).value();
  const auto opened = e2ee::open_v1(sealed, fixed_key(), e2ee::v1_content::text);
  TP_ASSERT(opened.has_value() == codec::valid_utf8(content));
  if (opened) TP_ASSERT(std::ranges::equal(opened->content.reveal(), content));
  if (sealed.ciphertext.empty()) return;
  const std::size_t bit = (std::size_t{input[1]} << 8 | input[2]) % (sealed.ciphertext.size() * 8);
  sealed.ciphertext[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
  const auto changed = e2ee::open_v1(sealed, fixed_key(), e2ee::v1_content::text);
  TP_ASSERT(sealing.mode == e2ee::v1_mode::cbc || changed.has_error());
  if (changed) TP_ASSERT(codec::valid_utf8(changed->content.reveal()));
}

void read_key(bytes_view text) {
  const auto key = e2ee::parse_v1_public_key(as_chars(text));
  if (!key) return;
  const std::string spelling = e2ee::v1_public_key_text(*key);
  const auto again = e2ee::parse_v1_public_key(spelling);
  TP_ASSERT(again.has_value() && e2ee::v1_public_key_text(*again) == spelling);
}

void unpad(bytes_view input) {
  constexpr std::size_t around = 66;
  if (input.empty() || input.size() - 1 < input[0] + around) return;
  const std::size_t size = input[0];
  const bytes_view block = input.subspan(1);
  const crypto::unpadded oaep = crypto::unpad_oaep(block, size);
  TP_ASSERT(oaep.message.size() == size && (oaep.good == crypto::ct_yes || oaep.good == crypto::ct_no));
  const crypto::unpadded pkcs1 = crypto::unpad_pkcs1(block, size);
  const auto filler = block.subspan(2, block.size() - size - 3);
  const bool good = block[0] == 0 && block[1] == 2 && std::ranges::count(filler, 0) == 0 &&
                    block[block.size() - size - 1] == 0;
  TP_ASSERT(pkcs1.good == (good ? crypto::ct_yes : crypto::ct_no));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bytes_view rest(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      open_json(rest);
      break;
    case 1:
      seal_content(rest);
      break;
    case 2:
      read_key(rest);
      break;
    default:
      unpad(rest);
      break;
  }
  return 0;
}
