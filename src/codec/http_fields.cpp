#include "codec/http_fields.hpp"

#include <algorithm>
#include <charconv>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "codec/http1_chars.hpp"

namespace tp::codec {

namespace {

template <class Buffer>
void put(Buffer& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

template <class Buffer>
void put_fields(Buffer& out, const http_fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const http_field field = fields[i];
    put(out, field.name);
    put(out, ": ");
    put(out, field.value);
    put(out, "\r\n");
  }
  put(out, "\r\n");
}

std::size_t fields_bytes(const http_fields& fields) {
  std::size_t total = 2;
  for (std::size_t i = 0; i < fields.size(); ++i) total += fields[i].name.size() + fields[i].value.size() + 4;
  return total;
}

}  // namespace

bool is_token(std::string_view text) noexcept { return !text.empty() && chars::all(text, chars::token); }

bool is_field_value(std::string_view value) noexcept {
  if (value.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos) return false;
  return value.empty() || (!chars::is_white(value.front()) && !chars::is_white(value.back()));
}

bool same_name(std::string_view left, std::string_view right) noexcept {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](char a, char b) { return chars::lower(a) == chars::lower(b); });
}

bool list_has_token(std::string_view list, std::string_view token) noexcept {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (same_name(chars::trim(list.substr(0, comma)), token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

http_fields::http_fields(std::initializer_list<http_field> own) {
  entries_.reserve(own.size());
  for (const http_field& field : own) {
    const auto added = add(field.name, field.value);
    TP_ASSERT(added.has_value());
  }
}

result<void> http_fields::add(std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) return errc::invalid_argument;
  if (entries_.size() >= limits::http_fields_max) return errc::too_many;
  entries_.push_back({std::string(name), std::string(value)});
  return {};
}

result<void> http_fields::set(std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) return errc::invalid_argument;
  const std::size_t others = entries_.size() - count(name);
  if (others >= limits::http_fields_max) return errc::too_many;
  // Made before remove(): the views may lie in this list.
  entry replacement{std::string(name), std::string(value)};
  remove(replacement.name);
  entries_.push_back(std::move(replacement));
  return {};
}

void http_fields::remove(std::string_view name) {
  std::erase_if(entries_, [name](const entry& held) { return same_name(held.name, name); });
}

std::optional<std::string_view> http_fields::find(std::string_view name) const noexcept {
  for (const entry& held : entries_) {
    if (same_name(held.name, name)) return held.value;
  }
  return std::nullopt;
}

std::size_t http_fields::count(std::string_view name) const noexcept {
  const auto same = [name](const entry& held) { return same_name(held.name, name); };
  return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), same));
}

template <class Buffer>
result<void> write_request_head(Buffer& out, std::string_view method, std::string_view target,
                                const http_fields& fields) {
  if (!is_token(method) || target.empty()) return errc::invalid_argument;
  if (!chars::all(target, chars::visible)) return errc::invalid_argument;
  out.reserve(out.size() + method.size() + target.size() + 12 + fields_bytes(fields));
  put(out, method);
  put(out, " ");
  put(out, target);
  put(out, " HTTP/1.1\r\n");
  put_fields(out, fields);
  return {};
}

template <class Buffer>
void write_response_head(Buffer& out, int status, const http_fields& fields) {
  TP_ASSERT(status >= 100 && status <= 599);
  const std::string_view reason = reason_phrase(status);
  const char digits[3] = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                          static_cast<char>('0' + status % 10)};
  out.reserve(out.size() + 15 + reason.size() + fields_bytes(fields));
  put(out, "HTTP/1.1 ");
  put(out, {digits, 3});
  put(out, " ");
  put(out, reason);
  put(out, "\r\n");
  put_fields(out, fields);
}

template <class Buffer>
void write_chunk(Buffer& out, bytes_view data) {
  if (data.empty()) return;
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, data.size(), 16).ptr;
  const std::string_view size(digits, static_cast<std::size_t>(end - digits));
  put(out, size);
  put(out, "\r\n");
  put(out, as_chars(data));
  put(out, "\r\n");
}

template <class Buffer>
void write_last_chunk(Buffer& out) {
  put(out, "0\r\n\r\n");
}

template result<void> write_request_head(std::string&, std::string_view, std::string_view,
                                         const http_fields&);
template result<void> write_request_head(bytes&, std::string_view, std::string_view, const http_fields&);
template void write_response_head(std::string&, int, const http_fields&);
template void write_response_head(bytes&, int, const http_fields&);
template void write_chunk(std::string&, bytes_view);
template void write_chunk(bytes&, bytes_view);
template void write_last_chunk(std::string&);
template void write_last_chunk(bytes&);

std::string_view reason_phrase(int status) noexcept {
  // clang-format off: a table, a line a status
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 102: return "Processing";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return {};
  }
  // clang-format on
}

}  // namespace tp::codec
