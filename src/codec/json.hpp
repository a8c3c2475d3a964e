// The door to Boost.JSON: nothing else includes it. tp::json is its namespace (value, object, array, string).
// Pure functions, any thread. parse_json is strict RFC 8259 with bounds on bytes and depth; it refuses
// invalid UTF-8, a byte order mark, comments, trailing commas, numbers beyond a double and anything after the
// value. Errors carry no input and nothing throws. A repeated member name: the last one wins. Integers beyond
// 64 bits become doubles, whose last digit may differ when written, so text that must pass through unchanged
// is passed through as text.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/limits.hpp"

namespace tp {
namespace json = boost::json;
}

namespace tp::codec {

struct json_limits {
  std::size_t depth = limits::json_depth_max;  // arrays and objects inside each other
  std::size_t bytes = limits::json_bytes_max;  // of text
};

// Fails with invalid_utf8, invalid_json, too_deep or too_large.
result<json::value> parse_json(std::string_view text, json_limits bounds = {});

// The shortest spelling, without white space.
std::string to_text(const json::value& value);

// Members by name and type; null or nullopt when absent or of another type. Pointers live as long as the
// object.
const json::string* find_string(const json::object& from, std::string_view name);
const json::object* find_object(const json::object& from, std::string_view name);
const json::array* find_array(const json::object& from, std::string_view name);
// Only what was written as an integer: 1.0 and 1e3 are not.
std::optional<std::int64_t> find_integer(const json::object& from, std::string_view name);
// Any number.
std::optional<double> find_number(const json::object& from, std::string_view name);
std::optional<bool> find_bool(const json::object& from, std::string_view name);

// A Boost.JSON string as the std::string_view the rest of us use.
inline std::string_view text_of(const json::string& text) { return {text.data(), text.size()}; }

}  // namespace tp::codec
