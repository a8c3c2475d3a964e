#include "openai/request_rules.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace tp::openai {
namespace {

using fault = std::optional<api_error>;

enum class kind { string, boolean, integer, number, array, object, string_or_array };

bool is_kind(const json::value& value, kind wanted) {
  switch (wanted) {
    case kind::string: return value.is_string();
    case kind::boolean: return value.is_bool();
    case kind::integer: return value.is_int64() || value.is_uint64();
    case kind::number: return value.is_number();
    case kind::array: return value.is_array();
    case kind::object: return value.is_object();
    case kind::string_or_array: return value.is_string() || value.is_array();
  }
  return false;
}

std::string_view name(kind wanted) {
  switch (wanted) {
    case kind::string: return "a string";
    case kind::boolean: return "a boolean";
    case kind::integer: return "an integer";
    case kind::number: return "a number";
    case kind::array: return "an array";
    case kind::object: return "an object";
    case kind::string_or_array: return "a string or an array";
  }
  return "something else";
}

api_error missing(std::string_view param) {
  return invalid_request("Missing required parameter: '" + std::string(param) + "'.",
                         "missing_required_parameter", std::string(param));
}

api_error wrong_type(std::string_view param, kind wanted) {
  return invalid_request(
      "Invalid type for '" + std::string(param) + "': expected " + std::string(name(wanted)) + ".",
      "invalid_type", std::string(param));
}

api_error empty(std::string_view param) {
  return invalid_request("Invalid '" + std::string(param) + "': it must not be empty.", "empty_array",
                         std::string(param));
}

std::string indexed(std::string_view base, std::size_t index) {
  return std::string(base) + "[" + std::to_string(index) + "]";
}

// A member that may be absent or null, but not of another type.
struct optional_member {
  std::string_view name;
  kind wanted;
};

constexpr std::array common_members{
    optional_member{"stream", kind::boolean},
    optional_member{"stream_options", kind::object},
    optional_member{"temperature", kind::number},
    optional_member{"top_p", kind::number},
    optional_member{"presence_penalty", kind::number},
    optional_member{"frequency_penalty", kind::number},
    optional_member{"max_tokens", kind::integer},
    optional_member{"max_completion_tokens", kind::integer},
    optional_member{"max_output_tokens", kind::integer},
    optional_member{"n", kind::integer},
    optional_member{"seed", kind::integer},
    optional_member{"top_logprobs", kind::integer},
    optional_member{"stop", kind::string_or_array},
    optional_member{"tools", kind::array},
    optional_member{"user", kind::string},
    optional_member{"logit_bias", kind::object},
    optional_member{"metadata", kind::object},
    optional_member{"dimensions", kind::integer},
    optional_member{"encoding_format", kind::string},
};

fault check_optional(const json::object& request, const optional_member& member) {
  const json::value* value = request.if_contains(member.name);
  if (value == nullptr || value->is_null() || is_kind(*value, member.wanted)) return {};
  return wrong_type(member.name, member.wanted);
}

fault check_common(endpoint which, const json::object& request) {
  for (const optional_member& member : common_members) {
    if (fault found = check_optional(request, member)) return found;
  }
  if (which == endpoint::chat_completions) {
    if (fault found = check_optional(request, {"logprobs", kind::boolean})) return found;
    if (fault found = check_optional(request, {"response_format", kind::object})) return found;
  }
  if (const json::object* options = codec::find_object(request, "stream_options")) {
    const json::value* usage = options->if_contains("include_usage");
    if (usage != nullptr && !usage->is_null() && !usage->is_bool()) {
      return wrong_type("stream_options.include_usage", kind::boolean);
    }
  }
  if (const auto count = codec::find_integer(request, "n"); count && *count < 1) {
    return invalid_request("Invalid 'n': it must be at least 1.", "integer_below_min_value", "n");
  }
  return {};
}

fault check_model(endpoint which, const json::object& request) {
  const json::value* model = request.if_contains("model");
  // These two have a default at OpenAI.
  const bool may_lack = which == endpoint::moderations || which == endpoint::images_generations;
  if (model == nullptr || (model->is_null() && may_lack)) return may_lack ? fault{} : missing("model");
  if (!model->is_string()) return wrong_type("model", kind::string);
  const std::string_view id = codec::text_of(model->get_string());
  if (id.empty()) return missing("model");
  if (!sane_model_id(id)) return model_not_found(id);
  return {};
}

// The node never connects to a host because a request names it (E2EE section 7): an engine would fetch these.
bool is_remote(const json::value& link) {
  const json::string* text = link.if_string();
  if (text == nullptr && link.is_object()) text = codec::find_string(link.get_object(), "url");
  return text != nullptr && !codec::text_of(*text).starts_with("data:");
}

fault check_part(const json::value& part, const std::string& where) {
  const json::object* object = part.if_object();
  if (object == nullptr) return wrong_type(where, kind::object);
  for (const std::string_view member : {"image_url", "video_url", "audio_url", "file_url"}) {
    const json::value* link = object->if_contains(member);
    if (link != nullptr && is_remote(*link)) {
      return invalid_request(
          "A node fetches nothing from the network. Send the content itself as a data: URL.",
          "remote_content_not_allowed", where + "." + std::string(member));
    }
  }
  return {};
}

fault check_content(const json::value* content, const std::string& where) {
  if (content == nullptr || content->is_null() || content->is_string()) return {};
  const json::array* parts = content->if_array();
  if (parts == nullptr) return wrong_type(where, kind::string_or_array);
  for (std::size_t i = 0; i < parts->size(); ++i) {
    if (fault found = check_part((*parts)[i], indexed(where, i))) return found;
  }
  return {};
}

bool known_role(std::string_view role) {
  constexpr std::array<std::string_view, 6> known{"system",    "developer", "user",
                                                  "assistant", "tool",      "function"};
  return std::find(known.begin(), known.end(), role) != known.end();
}

fault check_message(const json::value& item, const std::string& where) {
  const json::object* message = item.if_object();
  if (message == nullptr) return wrong_type(where, kind::object);
  const json::value* role = message->if_contains("role");
  if (role == nullptr || role->is_null()) return missing(where + ".role");
  if (!role->is_string()) return wrong_type(where + ".role", kind::string);
  const std::string_view role_name = codec::text_of(role->get_string());
  if (!known_role(role_name)) {
    return invalid_request(
        "Invalid value for '" + where +
            ".role': use 'system', 'developer', 'user', 'assistant', 'tool' or 'function'.",
        "invalid_value", where + ".role");
  }
  const json::value* content = message->if_contains("content");
  // An assistant that only called tools, and a function that returned nothing, said nothing.
  const bool may_be_silent = role_name == "assistant" || role_name == "function";
  if (!may_be_silent && (content == nullptr || content->is_null())) return missing(where + ".content");
  return check_content(content, where + ".content");
}

fault check_messages(const json::object& request) {
  const json::value* value = request.if_contains("messages");
  if (value == nullptr || value->is_null()) return missing("messages");
  const json::array* messages = value->if_array();
  if (messages == nullptr) return wrong_type("messages", kind::array);
  if (messages->empty()) return empty("messages");
  for (std::size_t i = 0; i < messages->size(); ++i) {
    if (fault found = check_message((*messages)[i], indexed("messages", i))) return found;
  }
  return {};
}

// A member that must be a string or a non-empty array: prompt, input.
fault check_text(const json::object& request, std::string_view member) {
  const json::value* value = request.if_contains(member);
  if (value == nullptr || value->is_null()) return missing(member);
  if (!is_kind(*value, kind::string_or_array)) return wrong_type(member, kind::string_or_array);
  if (value->is_array() && value->get_array().empty()) return empty(member);
  return {};
}

// Items of a Responses input are of many types; only links are looked at.
fault check_response_items(const json::object& request) {
  const json::array* items = codec::find_array(request, "input");
  if (items == nullptr) return {};
  for (std::size_t i = 0; i < items->size(); ++i) {
    const std::string where = indexed("input", i);
    const json::object* item = (*items)[i].if_object();
    if (item == nullptr) return wrong_type(where, kind::object);
    for (const std::string_view member : {"content", "output"}) {
      const json::array* parts = codec::find_array(*item, member);
      if (parts == nullptr) continue;
      if (fault found = check_content(item->if_contains(member), where + "." + std::string(member)))
        return found;
    }
  }
  return {};
}

fault check_rerank(const json::object& request) {
  const json::value* query = request.if_contains("query");
  if (query == nullptr) return missing("query");
  const json::value* documents = request.if_contains("documents");
  if (documents == nullptr) return missing("documents");
  if (!documents->is_array()) return wrong_type("documents", kind::array);
  if (documents->get_array().empty()) return empty("documents");
  return {};
}

fault check_own_members(endpoint which, const json::object& request) {
  switch (which) {
    case endpoint::chat_completions: return check_messages(request);
    case endpoint::completions: return check_text(request, "prompt");
    case endpoint::embeddings:
    case endpoint::moderations: return check_text(request, "input");
    case endpoint::responses: {
      // The input may be absent when a stored prompt is named; what is there must be of the right type.
      if (request.if_contains("prompt") == nullptr) {
        if (fault found = check_text(request, "input")) return found;
      }
      return check_response_items(request);
    }
    case endpoint::rerank: return check_rerank(request);
    default: return {};
  }
}

}  // namespace

std::optional<api_error> find_fault(endpoint which, const json::object& request) {
  if (fault found = check_model(which, request)) return found;
  if (fault found = check_own_members(which, request)) return found;
  return check_common(which, request);
}

}  // namespace tp::openai
