// The Binary HTTP message as a machine over bytes, the inside of the two decoders of codec/bhttp.hpp (use
// those). Control data, sections, content and padding in the order of E2EE section 7. Every failure is found
// at a byte that does not depend on how the input was sliced. Memory is bounded by one field section.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "codec/http_fields.hpp"

namespace tp::codec::detail {

// Control data of either kind, with the fields of the header section; names in lower case.
struct bhttp_head {
  std::string method, scheme, authority, path;
  int status = 0;
  http_fields fields;
};

bool is_bhttp_method(std::string_view text);
bool is_bhttp_scheme(std::string_view text);
bool is_bhttp_authority(std::string_view text);
bool is_bhttp_path(std::string_view text);
// Whether every content-length field is 1 … 15 digits that say `content_bytes`.
bool content_length_fits(const http_fields& fields, std::uint64_t content_bytes);

class bhttp_machine {
 public:
  enum class direction : std::uint8_t { request, response };
  explicit bhttp_machine(direction which) noexcept : direction_(which) {}

  using content_sink = std::function<void(bytes_view)>;
  result<void> push(bytes_view input, const content_sink& on_content);
  // The message ended. Another call of either function afterwards is a bug of the caller: internal.
  result<void> finish();

  bool head_done() const noexcept { return head_done_; }
  bhttp_head& head() noexcept { return head_; }
  const bhttp_head& head() const noexcept { return head_; }

 private:
  // The states of the first two lines wait for a number, those of the third for a text of wanted_ bytes.
  // clang-format off: the lines say what a state waits for
  enum class state : std::uint8_t {
    framing, method_size, scheme_size, authority_size, path_size, status,
    section_start, name_size, value_size, content_start, content_size,
    method, scheme, authority, path, known_section, name, value,
    content, padding, finished, failed
  };
  // clang-format on
  enum class section : std::uint8_t { informational, header, trailer };

  errc on_input(bytes_view& input, const content_sink& on_content);
  errc take_number(bytes_view& input);
  errc take_text(bytes_view& input);
  errc on_number(std::uint64_t value, std::size_t encoded_bytes);
  errc on_framing(std::uint64_t value);
  errc on_status(std::uint64_t value);
  errc on_name_size(std::uint64_t value, std::size_t encoded_bytes);
  errc on_value_size(std::uint64_t value, std::size_t encoded_bytes);
  errc on_text(std::string_view text);
  errc on_known_section(std::string_view text);
  errc on_line(std::string_view name, std::string_view value);
  errc on_section_end();
  errc on_content_end();
  errc want_text(std::uint64_t size, state next);
  void begin_section(section which);

  direction direction_;
  state state_ = state::framing;
  section section_ = section::header;
  bool known_length_ = true;
  bool head_done_ = false;
  errc failure_ = errc::ok;
  plaintext pending_;  // an unfinished number or text
  std::size_t wanted_ = 0;
  std::string name_;
  std::size_t lines_ = 0;          // of this section
  std::size_t section_bytes_ = 0;  // of its lines, encoded
  std::size_t informational_ = 0;
  std::uint64_t content_left_ = 0;
  std::uint64_t content_bytes_ = 0;
  bhttp_head head_;
};

}  // namespace tp::codec::detail
