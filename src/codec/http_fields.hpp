// HTTP fields and what is written with them: an owning field list, heads, chunks and reason phrases for
// HTTP/1.1. A list belongs to one task; it is a plain value without locks. It refuses names that are no
// tokens and values that could end a line (CR, LF, NUL) or begin or end with white space, so that what is
// written can only be read one way. Parsing is codec/http1.hpp; Binary HTTP uses the same list.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tp::codec {

// A field as somebody else's memory holds it.
struct http_field {
  std::string_view name;
  std::string_view value;
};

// RFC 9110 section 5.6.2: at least one tchar, nothing else.
bool is_token(std::string_view text) noexcept;

// What a list below takes as a value: no NUL, CR or LF, no white space at either end. May be empty.
bool is_field_value(std::string_view text) noexcept;

// Names equal without regard to ASCII case.
bool same_name(std::string_view left, std::string_view right) noexcept;

// Whether a comma-separated list (Connection, Accept-Encoding …) holds `token`, without regard to case.
// Parameters are part of an element: "gzip;q=1" is not "gzip".
bool list_has_token(std::string_view list, std::string_view token) noexcept;

class http_fields {
 public:
  http_fields() = default;
  // For names and values this program made itself: a refused one is a bug and asserts.
  http_fields(std::initializer_list<http_field> own);

  // Adds at the end; invalid_argument (refused, see top) or too_many (limits::http_fields_max).
  result<void> add(std::string_view name, std::string_view value);
  // Replaces every field of that name by one. Errors as add; the list is unchanged then.
  result<void> set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  // The first value of that name; the view is valid until the list changes.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;

  std::size_t size() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }
  http_field operator[](std::size_t index) const { return {entries_[index].name, entries_[index].value}; }

 private:
  struct entry {
    std::string name;
    std::string value;
  };
  std::vector<entry> entries_;
};

// The writers append to `out`: Buffer is std::string or tp::bytes. Nothing is added that was not asked for
// (no Host, no Content-Length, no Date).

// "POST /x HTTP/1.1" and fields. invalid_argument, with nothing written, if method is no token or target is
// empty or has a byte outside 21–7e.
template <class Buffer>
result<void> write_request_head(Buffer& out, std::string_view method, std::string_view target,
                                const http_fields& fields);

// "HTTP/1.1 200 OK" and fields; status is 100 … 599 (asserted).
template <class Buffer>
void write_response_head(Buffer& out, int status, const http_fields& fields);

// One chunk: size line, data, CRLF. Empty data writes nothing, because a chunk of size zero would end the
// body.
template <class Buffer>
void write_chunk(Buffer& out, bytes_view data);

// The last chunk and an empty trailer section.
template <class Buffer>
void write_last_chunk(Buffer& out);

// "Not Found" for 404; empty for a status without a registered phrase.
std::string_view reason_phrase(int status) noexcept;

}  // namespace tp::codec
