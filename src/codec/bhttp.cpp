#include "codec/bhttp.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "codec/http1_chars.hpp"
#include "codec/varint.hpp"

namespace tp::codec {

namespace detail {

constexpr std::size_t content_length_digits_max = 15;

bool is_bhttp_method(std::string_view text) {
  return is_token(text) && text.size() <= limits::bhttp_token_bytes_max;
}

bool is_bhttp_scheme(std::string_view text) {
  if (text.empty() || text.size() > limits::bhttp_token_bytes_max) return false;
  if (!chars::is_letter(text.front())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return chars::is_letter(c) || chars::is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

bool is_bhttp_authority(std::string_view text) {
  return text.size() <= limits::bhttp_authority_bytes_max && chars::all(text, chars::visible) &&
         text.find_first_of("@/?#\\") == std::string_view::npos;
}

bool is_bhttp_path(std::string_view text) {
  return text.starts_with('/') && text.size() <= limits::bhttp_path_bytes_max &&
         chars::all(text, chars::visible) && text.find('#') == std::string_view::npos;
}

bool content_length_fits(const http_fields& fields, std::uint64_t content_bytes) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!same_name(fields[i].name, "content-length")) continue;
    const std::string_view text = fields[i].value;
    if (text.empty() || text.size() > content_length_digits_max) return false;
    std::uint64_t length = 0;
    for (const char c : text) {
      if (!chars::is_digit(c)) return false;
      length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (length != content_bytes) return false;
  }
  return true;
}

}  // namespace detail

namespace {

enum class framing : std::uint8_t { request_known = 0, response_known = 1, response_indeterminate = 3 };

std::size_t text_bytes(std::size_t size) { return varint_size(size) + size; }

std::size_t lines_bytes(const http_fields& fields) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    total += text_bytes(fields[i].name.size()) + text_bytes(fields[i].value.size());
  }
  return total;
}

void put_text(bytes& out, std::string_view text) {
  put_varint(out, text.size());
  append(out, text);
}

void put_lines(bytes& out, const http_fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = fields[i].name;
    put_varint(out, name.size());
    std::transform(name.begin(), name.end(), std::back_inserter(out),
                   [](char c) { return static_cast<std::uint8_t>(chars::lower(c)); });
    put_text(out, fields[i].value);
  }
}

void put_framing(bytes& out, framing which) { put_varint(out, static_cast<std::uint64_t>(which)); }

// Section, content, empty trailer section, zeros: what both known-length messages end with. `out` was
// reserved for all of it, so that no copy of the content is left behind unwiped.
plaintext known_length(bytes out, const http_fields& fields, bytes_view content, std::size_t total_bytes) {
  put_varint(out, lines_bytes(fields));
  put_lines(out, fields);
  put_varint(out, content.size());
  append(out, content);
  put_varint(out, 0);
  TP_ASSERT(out.size() <= total_bytes && total_bytes <= out.capacity());
  out.resize(total_bytes);
  return plaintext(std::move(out));
}

errc check_fields(const http_fields& fields) {
  return lines_bytes(fields) > limits::bhttp_section_bytes_max ? errc::bhttp_too_large : errc::ok;
}

errc check_request(const bhttp_request& request) {
  if (!detail::is_bhttp_method(request.method) || !detail::is_bhttp_scheme(request.scheme) ||
      !detail::is_bhttp_authority(request.authority) || !detail::is_bhttp_path(request.path)) {
    return errc::bhttp_control;
  }
  if (const errc error = check_fields(request.fields); error != errc::ok) return error;
  const bool fits = detail::content_length_fits(request.fields, request.content.size());
  return fits ? errc::ok : errc::bhttp_content_length;
}

errc check_response(const bhttp_response& head) {
  if (head.status < 200 || head.status > 599) return errc::bhttp_control;
  return check_fields(head.fields);
}

std::size_t body_bytes(const http_fields& fields, std::size_t content_bytes) {
  return text_bytes(lines_bytes(fields)) + text_bytes(content_bytes) + 1;
}

}  // namespace

std::size_t bhttp_request_bytes(const bhttp_request& request) {
  return 1 + text_bytes(request.method.size()) + text_bytes(request.scheme.size()) +
         text_bytes(request.authority.size()) + text_bytes(request.path.size()) +
         body_bytes(request.fields, request.content.size());
}

result<plaintext> encode_bhttp_request(const bhttp_request& request, std::size_t padded_bytes) {
  if (const errc error = check_request(request); error != errc::ok) return error;
  const std::size_t total = std::max(padded_bytes, bhttp_request_bytes(request));
  bytes out;
  out.reserve(total);
  put_framing(out, framing::request_known);
  put_text(out, request.method);
  put_text(out, request.scheme);
  put_text(out, request.authority);
  put_text(out, request.path);
  return known_length(std::move(out), request.fields, request.content.reveal(), total);
}

std::size_t bhttp_response_bytes(const bhttp_response& head, bytes_view content) {
  return 1 + varint_size(static_cast<std::uint64_t>(std::max(head.status, 0))) +
         body_bytes(head.fields, content.size());
}

result<plaintext> encode_bhttp_response(const bhttp_response& head, bytes_view content,
                                        std::size_t padded_bytes) {
  if (const errc error = check_response(head); error != errc::ok) return error;
  if (!detail::content_length_fits(head.fields, content.size())) return errc::bhttp_content_length;
  const std::size_t total = std::max(padded_bytes, bhttp_response_bytes(head, content));
  bytes out;
  out.reserve(total);
  put_framing(out, framing::response_known);
  put_varint(out, static_cast<std::uint64_t>(head.status));
  return known_length(std::move(out), head.fields, content, total);
}

void put_bhttp_processing(plaintext& out, bhttp_place place) {
  constexpr std::uint64_t processing = 102;  // RFC 2518 section 10.1
  bytes built;
  if (place == bhttp_place::begins) put_framing(built, framing::response_indeterminate);
  put_varint(built, processing);
  put_varint(built, 0);
  out.append(built);
}

result<void> put_bhttp_response_head(plaintext& out, const bhttp_response& head, bhttp_place place) {
  if (const errc error = check_response(head); error != errc::ok) return error;
  bytes built;
  built.reserve(4 + lines_bytes(head.fields));
  if (place == bhttp_place::begins) put_framing(built, framing::response_indeterminate);
  put_varint(built, static_cast<std::uint64_t>(head.status));
  put_lines(built, head.fields);
  put_varint(built, 0);
  const plaintext wiped(std::move(built));
  out.append(wiped.reveal());
  return {};
}

void put_bhttp_content(plaintext& out, bytes_view content) {
  if (content.empty()) return;
  bytes size;
  put_varint(size, content.size());
  out.append(size);
  out.append(content);
}

void put_bhttp_end(plaintext& out, std::size_t padding_bytes) { out.append(bytes(2 + padding_bytes)); }

result<void> bhttp_request_decoder::push(bytes_view input) {
  if (taken_ <= limits::request_bytes_max) taken_ += std::min(input.size(), limits::request_bytes_max + 1);
  if (taken_ > limits::request_bytes_max) return errc::message_too_large;
  return machine_.push(input, [this](bytes_view piece) { content_.append(piece); });
}

result<bhttp_request> bhttp_request_decoder::finish() {
  if (taken_ > limits::request_bytes_max) return errc::message_too_large;
  if (const auto ended = machine_.finish(); !ended) return ended.error();
  detail::bhttp_head& head = machine_.head();
  bhttp_request request;
  request.method = std::move(head.method);
  request.scheme = std::move(head.scheme);
  request.authority = std::move(head.authority);
  request.path = std::move(head.path);
  request.fields = std::move(head.fields);
  request.content = std::move(content_);
  return request;
}

void bhttp_response_decoder::keep_head() {
  if (head_known_ || !machine_.head_done()) return;
  head_.status = machine_.head().status;
  head_.fields = machine_.head().fields;  // a copy: the machine still compares content-length
  head_known_ = true;
}

result<void> bhttp_response_decoder::push(bytes_view input, const content_sink& on_content) {
  const auto pushed = machine_.push(input, [&](bytes_view piece) {
    keep_head();
    on_content(piece);
  });
  keep_head();
  return pushed;
}

result<void> bhttp_response_decoder::finish() {
  const auto finished = machine_.finish();
  keep_head();
  return finished;
}

}  // namespace tp::codec
