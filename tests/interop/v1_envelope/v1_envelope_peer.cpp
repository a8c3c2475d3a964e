// Our side of the first envelope for other people's libraries: reads one JSON object a line, writes one a
// line. The first line written is {"public_key"} of a key made at the start, whose envelopes "open" takes.
//   {"do":"open", "envelope":{…}}                         → {"content", "padding", "mode"} or {"error"}
//   {"do":"open_stream", "chunks":[{…}, …]}               → {"contents":[…]} or {"error"}
//   {"do":"seal", "public_key", "content", …}             → {"envelope":{…}} or {"error"}
//   {"do":"seal_stream", "public_key", "contents":[…], …} → {"chunks":[{…}, …]} or {"error"}
// … is "padding" (oaep, pkcs1), "mode" (CBC, GCM) and "associated_data". Ends with its input.
#include <iostream>
#include <string>

#include "base/limits.hpp"
#include "codec/json.hpp"
#include "crypto/random.hpp"
#include "e2ee/envelope_v1.hpp"
#include "e2ee/v1_public_key.hpp"

namespace {

using namespace tp;

std::string_view text(const json::object& from, std::string_view name) {
  const json::string* found = codec::find_string(from, name);
  return found == nullptr ? std::string_view() : codec::text_of(*found);
}

json::object refusal(const error_code& failure) { return {{"error", failure.message()}}; }

json::value content_of(const plaintext& opened) { return json::value(opened.reveal_text()); }

result<e2ee::v1_envelope> envelope_in(const json::value& from) {
  const result<e2ee::v1_fields> fields = e2ee::v1_fields_of(from.as_object(), e2ee::v1_body::ciphertext);
  if (!fields) return fields.error();
  return e2ee::parse_v1(*fields, limits::v1_request_bytes_max);
}

json::object open(const json::object& order, const crypto::rsa_key& key) {
  const result<e2ee::v1_envelope> envelope = envelope_in(order.at("envelope"));
  if (!envelope) return refusal(envelope.error());
  const result<e2ee::v1_opened> opened = e2ee::open_v1(*envelope, key, e2ee::v1_content::json);
  if (!opened) return refusal(opened.error());
  return {{"content", content_of(opened->content)},
          {"padding", opened->padding == crypto::rsa_padding::oaep ? "oaep" : "pkcs1"},
          {"mode", opened->mode == e2ee::v1_mode::gcm ? "GCM" : "CBC"}};
}

json::object open_stream(const json::object& order, const crypto::rsa_key& key) {
  e2ee::v1_stream_opener opener(key, e2ee::v1_content::json);
  json::array contents;
  for (const json::value& chunk : order.at("chunks").as_array()) {
    const result<e2ee::v1_envelope> envelope = envelope_in(chunk);
    if (!envelope) return refusal(envelope.error());
    const result<plaintext> opened = opener.open(*envelope);
    if (!opened) return refusal(opened.error());
    contents.push_back(content_of(*opened));
  }
  return {{"contents", std::move(contents)}};
}

json::object seal(const json::object& order, random_source& random) {
  const auto key = e2ee::parse_v1_public_key(text(order, "public_key"));
  if (!key) return refusal(key.error());
  e2ee::v1_sealing sealing;
  if (text(order, "padding") == "pkcs1") sealing.padding = crypto::rsa_padding::pkcs1;
  if (text(order, "mode") == "GCM") sealing.mode = e2ee::v1_mode::gcm;
  sealing.associated_data = as_bytes(text(order, "associated_data"));
  auto sealer = e2ee::v1_stream_sealer::make(*key, sealing, random);
  if (!sealer) return refusal(sealer.error());
  const bool stream = text(order, "do") == "seal_stream";
  json::array chunks;
  for (const json::value& content :
       stream ? order.at("contents").as_array() : json::array{order.at("content")}) {
    const result<e2ee::v1_envelope> chunk =
        sealer->chunk(plaintext(as_bytes(codec::text_of(content.as_string()))));
    if (!chunk) return refusal(chunk.error());
    json::object out;
    e2ee::put_v1(*chunk, e2ee::v1_body::ciphertext, out);
    chunks.push_back(std::move(out));
  }
  if (stream) return {{"chunks", std::move(chunks)}};
  return {{"envelope", std::move(chunks.front())}};
}

json::object answer(const json::object& order, const crypto::rsa_key& key, random_source& random) {
  const std::string_view wanted = text(order, "do");
  if (wanted == "open") return open(order, key);
  if (wanted == "open_stream") return open_stream(order, key);
  return seal(order, random);
}

}  // namespace

int main() {
  crypto::os_random random;
  const crypto::rsa_key key = crypto::rsa_key::generate(2048);
  const json::object first{{"public_key", e2ee::v1_public_key_text(key.public_key())}};
  std::cout << codec::to_text(first) << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto order = codec::parse_json(line);
    if (!order || !order->is_object()) return 2;
    std::cout << codec::to_text(answer(order->as_object(), key, random)) << std::endl;
  }
  return 0;
}
