#include <algorithm>

#include "codec/http1.hpp"
#include "codec/http1_chars.hpp"

namespace tp::codec {

namespace {

constexpr std::uint8_t chunk_digits_max = 15;  // below 2^60: no size can overflow

int hex_value(std::uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

static_assert(sizeof(body_tracker) <= 24, "one per connection of the relay");

body_scanner::body_scanner(body_framing framing) noexcept : state_(state::done) {
  switch (framing.how) {
    case body_framing::kind::none:
      break;
    case body_framing::kind::length:
      left_ = framing.length;
      state_ = framing.length == 0 ? state::done : state::raw;
      break;
    case body_framing::kind::chunked:
      state_ = state::size_first;
      break;
    case body_framing::kind::until_close:
      state_ = state::to_end;
      break;
  }
}

result<body_scanner::step> body_scanner::next(bytes_view input) {
  if (state_ == state::failed) return errc::invalid_http;
  std::size_t at = 0;
  while (at < input.size() && state_ != state::done) {
    if (state_ == state::to_end) return step{input.size(), input};
    if (state_ == state::data || state_ == state::raw) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
      left_ -= size;
      if (left_ == 0) state_ = state_ == state::raw ? state::done : state::data_cr;
      return step{at + size, input.subspan(at, size)};
    }
    const errc error = on_framing_byte(input[at++]);
    if (error != errc::ok) {
      state_ = state::failed;
      return error;
    }
  }
  return step{at, {}};
}

errc body_scanner::on_framing_byte(std::uint8_t byte) {
  switch (state_) {
    case state::data_cr:
      if (byte != '\r') return errc::invalid_http;
      state_ = state::data_lf;
      return errc::ok;
    case state::data_lf:
      if (byte != '\n') return errc::invalid_http;
      state_ = state::size_first;
      return errc::ok;
    case state::size_first:
    case state::size:
    case state::extension:
    case state::size_lf:
      return on_size_byte(byte);
    default:
      return on_trailer_byte(byte);
  }
}

errc body_scanner::on_size_byte(std::uint8_t byte) {
  if (state_ == state::size_first) {
    left_ = 0;
    digits_ = 0;
    line_bytes_ = 0;
  }
  if (++line_bytes_ > limits::http_chunk_line_max) return errc::too_large;
  if (state_ == state::size_lf) {
    if (byte != '\n') return errc::invalid_http;
    state_ = left_ == 0 ? state::trailer_first : state::data;
    line_bytes_ = 0;
    return errc::ok;
  }
  if (byte == '\r') {
    if (state_ == state::size_first) return errc::invalid_http;
    state_ = state::size_lf;
    return errc::ok;
  }
  if (state_ == state::extension) {
    return chars::is(static_cast<char>(byte), chars::value) ? errc::ok : errc::invalid_http;
  }
  if (byte == ';' && state_ == state::size) {
    state_ = state::extension;
    return errc::ok;
  }
  const int digit = hex_value(byte);
  if (digit < 0 || ++digits_ > chunk_digits_max) return errc::invalid_http;
  left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
  state_ = state::size;
  return errc::ok;
}

errc body_scanner::on_trailer_byte(std::uint8_t byte) {
  if (++line_bytes_ > limits::http_head_bytes_max) return errc::too_large;
  const char c = static_cast<char>(byte);
  switch (state_) {
    case state::trailer_first:
      if (c == '\r') {
        state_ = state::last_lf;
        return errc::ok;
      }
      state_ = state::trailer_name;
      return chars::is(c, chars::token) ? errc::ok : errc::invalid_http;
    case state::trailer_name:
      if (c == ':') {
        state_ = state::trailer_value;
        return errc::ok;
      }
      return chars::is(c, chars::token) ? errc::ok : errc::invalid_http;
    case state::trailer_value:
      if (c == '\r') {
        state_ = state::trailer_lf;
        return errc::ok;
      }
      return chars::is(c, chars::value) ? errc::ok : errc::invalid_http;
    case state::trailer_lf:
      state_ = state::trailer_first;
      return c == '\n' ? errc::ok : errc::invalid_http;
    case state::last_lf:
      state_ = state::done;
      return c == '\n' ? errc::ok : errc::invalid_http;
    default:
      return errc::internal;
  }
}

result<void> body_scanner::on_end() {
  if (state_ == state::to_end) state_ = state::done;
  if (state_ == state::done) return {};
  return errc::connection_closed;
}

result<std::size_t> body_tracker::feed(bytes_view input) {
  std::size_t total = 0;
  while (total < input.size() && !done()) {
    const auto step = scanner_.next(input.subspan(total));
    if (!step) return step.error();
    total += step->consumed;
  }
  return total;
}

}  // namespace tp::codec
