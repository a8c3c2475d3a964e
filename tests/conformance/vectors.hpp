// Reading test vectors. Helpers compare bytes and say only equal or not: no failure text shows contents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "codec/json.hpp"
#include "crypto/x25519.hpp"

namespace tp::conformance {

// tests/testdata/vectors/<file>; throws where it is missing or no JSON.
json::value load_vectors(std::string_view file);

std::string text(const json::value& object, std::string_view member);
bytes hex(const json::value& object, std::string_view member);
bytes from_hex(std::string_view text);
std::int64_t integer(const json::value& object, std::string_view member);
bool has(const json::value& object, std::string_view member);

bool same(bytes_view a, bytes_view b);

// The three ways a body is fed.
enum class slicing { whole, bytewise, odd };
inline constexpr slicing every_slicing[] = {slicing::whole, slicing::bytewise, slicing::odd};
std::string_view name(slicing s);
std::vector<bytes_view> slices(bytes_view body, slicing s);

// Hands out fixed bytes, so that a test can prescribe ephemeral keys and nonces.
class fixed_random final : public random_source {
 public:
  explicit fixed_random(bytes values) : values_(std::move(values)) {}
  void fill(bytes_span out) override;

 private:
  bytes values_;
  std::size_t used_ = 0;
};

crypto::x25519_key key_from(bytes_view secret);

}  // namespace tp::conformance
