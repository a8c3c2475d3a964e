#include "e2ee/record_json.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "codec/base64.hpp"
#include "codec/json.hpp"
#include "e2ee/wire.hpp"

namespace tp::e2ee {

namespace {

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::optional<std::int64_t> integer_within(const json::object& from, std::string_view name,
                                           std::int64_t least, std::int64_t most) {
  const std::optional<std::int64_t> value = codec::find_integer(from, name);
  if (!value || *value < least || *value > most) return std::nullopt;
  return value;
}

bool is_pem(std::string_view text) {
  constexpr std::string_view begin = "-----BEGIN PUBLIC KEY-----";
  constexpr std::string_view end = "-----END PUBLIC KEY-----";
  if (text.size() > limits::rsa_pem_bytes_max || !text.starts_with(begin)) return false;
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const auto allowed = [](char c) { return c == '\n' || c == '\r' || (c >= 0x20 && c < 0x7f); };
  return text.ends_with(end) && std::ranges::all_of(text, allowed);
}

result<std::optional<std::string>> read_rsa(const json::object& from) {
  if (!from.contains("rsa_public_key")) return std::optional<std::string>();
  const json::string* text = codec::find_string(from, "rsa_public_key");
  if (text == nullptr) return errc::field_invalid;
  const result<bytes> pem = codec::base64_decode(codec::text_of(*text));
  if (!pem || !is_pem(as_chars(*pem))) return errc::field_invalid;
  return std::optional<std::string>(as_chars(*pem));
}

result<std::vector<std::string>> read_capabilities(const json::object& from) {
  const json::array* list = codec::find_array(from, "capabilities");
  if (list == nullptr || list->size() > limits::model_capabilities_max) return errc::field_invalid;
  std::vector<std::string> out;
  for (const json::value& value : *list) {
    const json::string* text = value.if_string();
    if (text == nullptr || text->size() > limits::capability_bytes_max) return errc::field_invalid;
    out.emplace_back(codec::text_of(*text));
  }
  return out;
}

result<model_entry> read_model(const json::value& from) {
  const json::object* object = from.if_object();
  if (object == nullptr) return errc::field_invalid;
  const json::string* id = codec::find_string(*object, "id");
  if (id == nullptr || id->empty() || id->size() > limits::model_id_bytes_max) return errc::field_invalid;
  if (has_control(codec::text_of(*id))) return errc::field_invalid;
  const auto context = integer_within(*object, "context_length", 1, limits::context_length_max);
  if (!context) return errc::field_invalid;
  result<std::vector<std::string>> capabilities = read_capabilities(*object);
  if (!capabilities) return capabilities.error();
  return model_entry{std::string(codec::text_of(*id)), *context, std::move(*capabilities)};
}

result<std::vector<model_entry>> read_models(const json::object& from) {
  const json::array* list = codec::find_array(from, "models");
  if (list == nullptr || list->size() > limits::record_models_max) return errc::field_invalid;
  std::vector<model_entry> models;
  for (const json::value& value : *list) {
    result<model_entry> model = read_model(value);
    if (!model) return model.error();
    const auto same_id = [&model](const model_entry& other) { return other.id == model->id; };
    if (std::ranges::any_of(models, same_id)) return errc::field_invalid;
    models.push_back(std::move(*model));
  }
  return models;
}

result<bytes> read_keys(const json::object& from) {
  const json::string* text = codec::find_string(from, "ohttp_keys");
  if (text == nullptr) return errc::bad_ohttp_keys;
  result<bytes> list = codec::base64_decode(codec::text_of(*text));
  if (!list || !parse_key_list(*list)) return errc::bad_ohttp_keys;
  return list;
}

}  // namespace

std::string write_record_json(const record_fields& fields, const codec::peer_id& peer) {
  json::object out;
  out["v"] = 1;
  out["peer_id"] = peer.text();
  out["seq"] = fields.seq;
  out["issued"] = fields.issued;
  out["expires"] = fields.expires;
  out["name"] = fields.name;
  out["ohttp_keys"] = codec::base64_encode(fields.ohttp_keys);
  if (fields.rsa_public_key) out["rsa_public_key"] = codec::base64_encode(as_bytes(*fields.rsa_public_key));
  json::array models;
  for (const model_entry& model : fields.models) {
    json::array capabilities(model.capabilities.begin(), model.capabilities.end());
    json::object entry;
    entry["id"] = model.id;
    entry["context_length"] = model.context_length;
    entry["capabilities"] = std::move(capabilities);
    models.push_back(std::move(entry));
  }
  out["models"] = std::move(models);
  out["max_concurrency"] = fields.max_concurrency;
  return codec::to_text(json::value(std::move(out)));
}

result<json::object> read_record_object(bytes_view record, const codec::peer_id& peer) {
  result<json::value> parsed = codec::parse_json(as_chars(record));
  if (!parsed || !parsed->is_object()) return errc::record_malformed;
  json::object& object = parsed->get_object();
  if (codec::find_integer(object, "v") != 1) return errc::unsupported_version;
  const json::string* inner = codec::find_string(object, "peer_id");
  if (inner == nullptr || codec::text_of(*inner) != peer.text()) return errc::peer_id_mismatch;
  return std::move(object);
}

result<record_times> read_times(const json::object& from) {
  const auto seq = integer_within(from, "seq", 0, limits::json_integer_max);
  const auto issued = integer_within(from, "issued", 0, limits::json_integer_max);
  const auto expires = integer_within(from, "expires", 0, limits::json_integer_max);
  if (!seq || !issued || !expires) return errc::field_invalid;
  return record_times{*seq, *issued, *expires};
}

result<record_fields> read_fields(const json::object& from, const record_times& times) {
  result<bytes> keys = read_keys(from);
  if (!keys) return keys.error();
  const json::string* title = codec::find_string(from, "name");
  if (title == nullptr || title->size() > limits::record_name_bytes_max) return errc::field_invalid;
  if (has_control(codec::text_of(*title))) return errc::field_invalid;
  result<std::optional<std::string>> rsa = read_rsa(from);
  if (!rsa) return rsa.error();
  result<std::vector<model_entry>> models = read_models(from);
  if (!models) return models.error();
  const auto concurrency = integer_within(from, "max_concurrency", 1, limits::record_concurrency_max);
  if (!concurrency) return errc::field_invalid;
  record_fields out;
  out.seq = times.seq;
  out.issued = times.issued;
  out.expires = times.expires;
  out.name = codec::text_of(*title);
  out.ohttp_keys = std::move(*keys);
  out.rsa_public_key = std::move(*rsa);
  out.models = std::move(*models);
  out.max_concurrency = *concurrency;
  return out;
}

}  // namespace tp::e2ee
