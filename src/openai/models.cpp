#include "openai/models.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "codec/json.hpp"
#include "openai/error_answer.hpp"

namespace tp::openai {
namespace {

json::object to_object(const model_entry& model) {
  json::object out{
      {"id", model.id}, {"object", "model"}, {"created", model.created}, {"owned_by", model.owned_by}};
  if (model.context_length > 0) out["context_length"] = model.context_length;
  if (!model.capabilities.empty()) {
    json::array list;
    for (const std::string& capability : model.capabilities) list.emplace_back(capability);
    out["capabilities"] = std::move(list);
  }
  return out;
}

std::int64_t context_length_of(const json::object& from) {
  for (const std::string_view member : {"context_length", "max_model_len"}) {
    if (const auto value = codec::find_integer(from, member)) return std::max<std::int64_t>(*value, 0);
  }
  if (const json::object* meta = codec::find_object(from, "meta")) {
    for (const std::string_view member : {"n_ctx", "n_ctx_train"}) {
      if (const auto value = codec::find_integer(*meta, member)) return std::max<std::int64_t>(*value, 0);
    }
  }
  return 0;
}

}  // namespace

std::string model_list_text(std::span<const model_entry> models) {
  json::array data;
  for (const model_entry& model : models) {
    if (sane_model_id(model.id)) data.push_back(to_object(model));
  }
  return codec::to_text(json::object{{"object", "list"}, {"data", std::move(data)}});
}

std::string model_text(const model_entry& model) { return codec::to_text(to_object(model)); }

result<std::vector<model_entry>> parse_model_list(std::string_view text) {
  const result<json::value> parsed = codec::parse_json(text);
  if (!parsed) return parsed.error();
  const json::object* top = parsed->if_object();
  const json::array* data = top == nullptr ? nullptr : codec::find_array(*top, "data");
  if (data == nullptr) return errc::field_invalid;
  if (data->size() > limits::engine_models_max) return errc::too_many;
  std::vector<model_entry> out;
  for (const json::value& item : *data) {
    const json::object* model = item.if_object();
    const json::string* id = model == nullptr ? nullptr : codec::find_string(*model, "id");
    if (id == nullptr || !sane_model_id(codec::text_of(*id))) continue;
    model_entry entry;
    entry.id = codec::text_of(*id);
    entry.created = codec::find_integer(*model, "created").value_or(0);
    entry.context_length = context_length_of(*model);
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace tp::openai
