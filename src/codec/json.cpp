#include "codec/json.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "codec/utf8.hpp"

namespace tp::codec {

namespace {

errc our_error(const error_code& error) {
  if (error == json::error::too_deep) return errc::too_deep;
  for (const json::error size : {json::error::object_too_large, json::error::array_too_large,
                                 json::error::key_too_large, json::error::string_too_large}) {
    if (error == size) return errc::too_large;
  }
  return errc::invalid_json;
}

// Boost reads 1e400 as infinity and writes that as a word that is not JSON. As deep as the parser allowed.
bool is_finite(const json::value& value) {
  if (const double* number = value.if_double()) return std::isfinite(*number);
  if (const json::array* array = value.if_array())
    return std::all_of(array->begin(), array->end(), is_finite);
  const json::object* object = value.if_object();
  return object == nullptr || std::all_of(object->begin(), object->end(),
                                          [](const json::key_value_pair& m) { return is_finite(m.value()); });
}

}  // namespace

result<json::value> parse_json(std::string_view text, json_limits bounds) {
  if (text.size() > bounds.bytes) return errc::too_large;
  if (text.empty()) return errc::invalid_json;
  if (!valid_utf8(text)) return errc::invalid_utf8;
  json::parse_options options;
  options.max_depth = bounds.depth;
  std::array<unsigned char, 4096> scratch;  // most texts need no other working memory
  try {
    json::parser parser(json::storage_ptr(), options, scratch.data(), scratch.size());
    error_code error;
    parser.write(text.data(), text.size(), error);
    if (error) return our_error(error);
    json::value value = parser.release();
    if (!is_finite(value)) return errc::invalid_json;
    return value;
  } catch (...) {  // out of memory, or one of the library's own maxima
    return errc::too_large;
  }
}

std::string to_text(const json::value& value) { return json::serialize(value); }

const json::string* find_string(const json::object& from, std::string_view name) {
  const json::value* found = from.if_contains({name.data(), name.size()});
  return found == nullptr ? nullptr : found->if_string();
}

const json::object* find_object(const json::object& from, std::string_view name) {
  const json::value* found = from.if_contains({name.data(), name.size()});
  return found == nullptr ? nullptr : found->if_object();
}

const json::array* find_array(const json::object& from, std::string_view name) {
  const json::value* found = from.if_contains({name.data(), name.size()});
  return found == nullptr ? nullptr : found->if_array();
}

std::optional<std::int64_t> find_integer(const json::object& from, std::string_view name) {
  const json::value* found = from.if_contains({name.data(), name.size()});
  if (found == nullptr || !found->is_int64()) return std::nullopt;
  return found->get_int64();
}

std::optional<double> find_number(const json::object& from, std::string_view name) {
  const json::value* found = from.if_contains({name.data(), name.size()});
  if (found == nullptr || !found->is_number()) return std::nullopt;
  if (found->is_int64()) return static_cast<double>(found->get_int64());
  if (found->is_uint64()) return static_cast<double>(found->get_uint64());
  return found->get_double();
}

std::optional<bool> find_bool(const json::object& from, std::string_view name) {
  const json::value* found = from.if_contains({name.data(), name.size()});
  if (found == nullptr || !found->is_bool()) return std::nullopt;
  return found->get_bool();
}

}  // namespace tp::codec
