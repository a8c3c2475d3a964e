// Types for what nobody may ever print: plaintext (prompts, answers), ciphertext (envelopes in memory) and
// secret_key. Move-only, wiped on destruction, no stream operator, no conversion, no formatter, no JSON
// conversion; GoogleTest prints only a length. The one way in is reveal(), whose callers tools/tidy keeps on
// a list. A test (tests/refusal) proves that the misuse shapes do not compile.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"

namespace tp {

// Overwrites memory in a way the optimiser keeps.
void wipe(void* data, std::size_t size) noexcept;

template <class Tag>
class unprintable {
 public:
  unprintable() = default;
  explicit unprintable(bytes value) : value_(std::move(value)) {}
  explicit unprintable(bytes_view value) : value_(value.begin(), value.end()) {}
  unprintable(const unprintable&) = delete;
  unprintable& operator=(const unprintable&) = delete;
  unprintable(unprintable&& other) noexcept : value_(std::exchange(other.value_, {})) {}
  unprintable& operator=(unprintable&& other) noexcept {
    if (this != &other) {
      wipe(value_.data(), value_.size());
      value_ = std::exchange(other.value_, {});
    }
    return *this;
  }
  ~unprintable() { wipe(value_.data(), value_.size()); }

  std::size_t size() const noexcept { return value_.size(); }
  bool empty() const noexcept { return value_.empty(); }

  bytes_view reveal() const& noexcept { return value_; }
  bytes_view reveal() const&& = delete;
  std::string_view reveal_text() const& noexcept { return as_chars(value_); }
  std::string_view reveal_text() const&& = delete;

  // Adds to the end. A growing buffer is reallocated by hand so that the old memory is wiped too.
  void append(bytes_view more) {
    const std::size_t wanted = value_.size() + more.size();
    if (wanted > value_.capacity()) {
      bytes bigger;
      bigger.reserve(wanted + wanted / 2);
      bigger.assign(value_.begin(), value_.end());
      wipe(value_.data(), value_.size());
      value_.swap(bigger);
    }
    value_.insert(value_.end(), more.begin(), more.end());
  }
  void clear() noexcept {
    wipe(value_.data(), value_.size());
    value_.clear();
  }

  template <class Stream>
  friend Stream& operator<<(Stream&, const unprintable&) = delete;
  friend void PrintTo(const unprintable& secret, std::ostream* out) { print_size(secret.size(), out); }

 private:
  static void print_size(std::size_t size, std::ostream* out);
  bytes value_;
};

using plaintext = unprintable<struct plaintext_tag>;
using ciphertext = unprintable<struct ciphertext_tag>;
using secret_key = unprintable<struct secret_key_tag>;

}  // namespace tp
