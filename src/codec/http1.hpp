// HTTP/1.1 heads and body framing as the relay's hot path reads them (RFC 9112): one pass, no allocation,
// views into the caller's buffer. An http_head is a reusable object of about 3 KiB: one per thread, never in
// a coroutine frame. Stricter than the RFC where two readers could disagree: refused are bare CR or LF,
// obs-fold, control bytes, white space before a colon, empty lines before a head, Content-Length with
// Transfer-Encoding or twice or not plain digits, any Transfer-Encoding but "chunked" alone, a second Host,
// authority-form targets, fragments, white space or control bytes in chunk lines. Writers are in
// codec/http_fields.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"
#include "codec/http_fields.hpp"

namespace tp::codec {

class http_head {
 public:
  // Requests. The target is as sent: origin-form, "*" (OPTIONS only) or absolute-form with http or https.
  std::string_view method() const noexcept { return method_; }
  std::string_view target() const noexcept { return target_; }
  // The path of any of these forms ("/" when an absolute-form has none, "*" for "*"), and what follows the
  // first "?".
  std::string_view path() const noexcept { return path_; }
  std::string_view query() const noexcept { return query_; }

  // Responses: 100 … 599.
  int status() const noexcept { return status_; }

  // 1 for HTTP/1.1, 0 for HTTP/1.0; nothing else is accepted.
  int minor_version() const noexcept { return minor_version_; }
  // What version and Connection say of the connection after this message (RFC 9112 section 9.3).
  bool keep_alive() const noexcept { return !close_ && (minor_version_ == 1 || keep_alive_); }
  bool chunked() const noexcept { return chunked_; }
  std::optional<std::uint64_t> content_length() const noexcept { return content_length_; }

  // Fields in order; values without white space around them.
  std::span<const http_field> fields() const noexcept { return {fields_.data(), count_}; }
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  // Whether any field of that name holds the token in its comma-separated list.
  bool has_token(std::string_view name, std::string_view token) const noexcept;

 private:
  friend class head_parser;
  std::string_view method_, target_, path_, query_;
  int status_ = 0;
  int minor_version_ = 1;
  bool close_ = false, keep_alive_ = false, chunked_ = false;
  std::optional<std::uint64_t> content_length_;
  std::size_t count_ = 0;
  std::array<http_field, limits::http_fields_max> fields_;
};

// Bytes of the head at the beginning of `input`, its empty line included; 0 = incomplete (call again with
// more from the same beginning). The views in `head` live as long as input's memory; unless a size > 0 is
// returned, its content means nothing. invalid_http; too_large: over limits::http_head_bytes_max even if
// incomplete, http_fields_max fields or http_target_bytes_max.
result<std::size_t> parse_request_head(std::string_view input, http_head& head);

// The same for a response. Informational ones (1xx) are heads like others: the caller reads on.
result<std::size_t> parse_response_head(std::string_view input, http_head& head);

struct body_framing {
  enum class kind : std::uint8_t { none, length, chunked, until_close };
  kind how = kind::none;
  std::uint64_t length = 0;  // bytes, for kind::length only; never 0 there
};

// RFC 9112 section 6.3. A request without either field has no body.
result<body_framing> request_framing(const http_head& head);
// `request_method` is that of the request answered: HEAD answers, 1xx, 204 and 304 have no body. A response
// to CONNECT is invalid_http.
result<body_framing> response_framing(const http_head& head, std::string_view request_method);

// Follows a body byte by byte through its framing; the machine under the two classes below. 24 bytes, no
// allocation.
class body_scanner {
 public:
  explicit body_scanner(body_framing framing) noexcept;
  struct step {
    std::size_t consumed = 0;
    bytes_view piece;
  };
  // Consumes framing and at most one run of data. Consumes something unless input is empty or the body is
  // done.
  result<step> next(bytes_view input);
  bool done() const noexcept { return state_ == state::done; }
  // The connection ended. connection_closed unless the body is complete; completes a body framed by
  // until_close.
  result<void> on_end();

 private:
  // clang-format off: a line for each part of a body
  enum class state : std::uint8_t {
    size_first, size, extension, size_lf, data, data_cr, data_lf,
    trailer_first, trailer_name, trailer_value, trailer_lf, last_lf, raw, to_end, done, failed
  };
  // clang-format on
  errc on_framing_byte(std::uint8_t byte);
  errc on_size_byte(std::uint8_t byte);
  errc on_trailer_byte(std::uint8_t byte);

  std::uint64_t left_ = 0;        // bytes of data to come; while a size is read, the size so far
  std::uint32_t line_bytes_ = 0;  // of this chunk line, or of the trailer section
  std::uint8_t digits_ = 0;
  state state_;
};

// Strips the framing off a body without copying: pieces are views into the input. Loop until done() or the
// input is used up; a step may have an empty piece. invalid_http; too_large: a chunk line over
// limits::http_chunk_line_max, trailers over http_head_bytes_max. Trailers are checked and dropped. After an
// error every call gives invalid_http.
class body_decoder {
 public:
  using step = body_scanner::step;
  explicit body_decoder(body_framing framing) noexcept : scanner_(framing) {}
  result<step> next(bytes_view input) { return scanner_.next(input); }
  bool done() const noexcept { return scanner_.done(); }
  result<void> on_end() { return scanner_.on_end(); }

 private:
  body_scanner scanner_;
};

// For bytes passed through unchanged: only says how many of them belong to this body.
class body_tracker {
 public:
  explicit body_tracker(body_framing framing) noexcept : scanner_(framing) {}
  // The number of bytes of `input` that belong to this body; fewer than all only if the body is done. Errors
  // as above; bytes before the faulty one in this call may then not be passed on either.
  result<std::size_t> feed(bytes_view input);
  bool done() const noexcept { return scanner_.done(); }
  result<void> on_end() { return scanner_.on_end(); }

 private:
  body_scanner scanner_;
};

}  // namespace tp::codec
