// For tests: a JSON file of tests/testdata, and short ways into it. A vector file that does not parse ends
// the test.
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "base/bytes.hpp"
#include "codec/hex.hpp"
#include "codec/json.hpp"

namespace tp::codec {

// `name` is relative to tests/testdata, e.g. "vectors/varint.json". TP_SOURCE_DIR comes from the build.
inline json::object load_vectors(const std::string& name) {
  std::ifstream file(std::string(TP_SOURCE_DIR "/tests/testdata/") + name, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) throw std::runtime_error("cannot read " + name);
  return std::move(parsed->as_object());
}

inline const json::array& list_of(const json::object& from, std::string_view name) {
  const json::array* found = find_array(from, name);
  if (found == nullptr) throw std::runtime_error("no list in the vectors: " + std::string(name));
  return *found;
}

inline std::string_view text_in(const json::value& from, std::string_view name) {
  const json::object* object = from.if_object();
  const json::string* found = object == nullptr ? nullptr : find_string(*object, name);
  if (found == nullptr) throw std::runtime_error("no text in the vectors: " + std::string(name));
  return text_of(*found);
}

inline bytes hex_in(const json::value& from, std::string_view name) {
  auto decoded = hex_decode(text_in(from, name));
  if (!decoded) throw std::runtime_error("no hexadecimal in the vectors: " + std::string(name));
  return std::move(*decoded);
}

}  // namespace tp::codec
