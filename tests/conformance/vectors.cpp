#include "vectors.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "codec/hex.hpp"

namespace tp::conformance {

json::value load_vectors(std::string_view file) {
  const std::string path = std::string(TP_SOURCE_DIR "/tests/testdata/vectors/") + std::string(file);
  std::ifstream in(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  result<json::value> parsed = codec::parse_json(content);
  if (!parsed) throw std::runtime_error("vectors missing or malformed: " + std::string(file));
  return std::move(*parsed);
}

std::string text(const json::value& object, std::string_view member) {
  return std::string(codec::text_of(object.as_object().at(member).as_string()));
}

bytes from_hex(std::string_view text) { return codec::hex_decode(text).value(); }

bytes hex(const json::value& object, std::string_view member) { return from_hex(text(object, member)); }

std::int64_t integer(const json::value& object, std::string_view member) {
  return object.as_object().at(member).to_number<std::int64_t>();
}

bool has(const json::value& object, std::string_view member) { return object.as_object().contains(member); }

bool same(bytes_view a, bytes_view b) { return std::ranges::equal(a, b); }

std::string_view name(slicing s) {
  switch (s) {
    case slicing::whole:
      return "whole";
    case slicing::bytewise:
      return "byte by byte";
    case slicing::odd:
      return "odd pieces";
  }
  return "";
}

std::vector<bytes_view> slices(bytes_view body, slicing s) {
  static constexpr std::size_t odd[] = {1, 6, 3, 40, 2, 17, 0, 5, 33, 11, 257};
  std::vector<bytes_view> out;
  for (std::size_t i = 0; !body.empty(); ++i) {
    std::size_t size = body.size();
    if (s == slicing::bytewise) size = 1;
    if (s == slicing::odd) size = std::min(size, odd[i % std::size(odd)]);
    out.push_back(body.first(size));
    body = body.subspan(size);
  }
  return out;
}

void fixed_random::fill(bytes_span out) {
  if (out.size() > values_.size() - used_)
    throw std::logic_error("more random bytes asked for than prescribed");
  std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(used_), out.size(), out.begin());
  used_ += out.size();
}

crypto::x25519_key key_from(bytes_view secret) { return crypto::x25519_key::from_secret(secret).value(); }

}  // namespace tp::conformance
