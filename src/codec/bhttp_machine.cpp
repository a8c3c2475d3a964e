#include "codec/bhttp_machine.hpp"

#include <algorithm>
#include <optional>

#include "base/limits.hpp"
#include "codec/http1_chars.hpp"
#include "codec/varint.hpp"

namespace tp::codec::detail {

namespace {

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), chars::lower);
  return lowered;
}

}  // namespace

result<void> bhttp_machine::push(bytes_view input, const content_sink& on_content) {
  if (state_ == state::finished) return errc::internal;
  while (!input.empty() && state_ != state::failed) {
    const errc error = on_input(input, on_content);
    if (error == errc::ok) continue;
    failure_ = error;
    state_ = state::failed;
    pending_.clear();
  }
  if (failure_ != errc::ok) return failure_;
  return {};
}

result<void> bhttp_machine::finish() {
  if (failure_ != errc::ok) return failure_;
  if (state_ == state::finished) return errc::internal;
  const bool between = pending_.empty();
  errc error = errc::bhttp_truncated;
  if (state_ == state::padding) {
    error = errc::ok;
  } else if (state_ == state::section_start && between && section_ == section::trailer) {
    error = errc::ok;
  } else if ((state_ == state::section_start && between && section_ == section::header) ||
             (state_ == state::content_start && between)) {
    head_done_ = true;
    error = on_content_end();  // what is missing is empty
  }
  pending_.clear();
  failure_ = error;
  state_ = error == errc::ok ? state::finished : state::failed;
  if (error != errc::ok) return error;
  return {};
}

errc bhttp_machine::on_input(bytes_view& input, const content_sink& on_content) {
  if (state_ < state::method) return take_number(input);
  if (state_ < state::content) return take_text(input);
  if (state_ == state::content) {
    const auto size = std::min<std::uint64_t>(content_left_, input.size());
    const bytes_view piece = input.first(static_cast<std::size_t>(size));
    input = input.subspan(piece.size());
    content_left_ -= piece.size();
    content_bytes_ += piece.size();
    on_content(piece);
    if (content_left_ > 0) return errc::ok;
    if (known_length_) return on_content_end();
    state_ = state::content_size;
    return errc::ok;
  }
  const bool zeros = std::all_of(input.begin(), input.end(), [](std::uint8_t byte) { return byte == 0; });
  input = {};
  return zeros ? errc::ok : errc::bhttp_padding;
}

errc bhttp_machine::take_number(bytes_view& input) {
  std::optional<varint> number;
  if (pending_.empty()) {
    number = read_varint(input);
    if (number) {
      input = input.subspan(number->size);
      return on_number(number->value, number->size);
    }
    pending_.append(input);  // at most seven bytes
    input = {};
    return errc::ok;
  }
  pending_.append(input.first(1));
  input = input.subspan(1);
  number = read_varint(pending_.reveal());
  if (!number) return errc::ok;
  pending_.clear();
  return on_number(number->value, number->size);
}

errc bhttp_machine::take_text(bytes_view& input) {
  if (pending_.empty() && input.size() >= wanted_) {
    const bytes_view text = input.first(wanted_);
    input = input.subspan(wanted_);
    return on_text(as_chars(text));
  }
  const bytes_view more = input.first(std::min(wanted_ - pending_.size(), input.size()));
  pending_.append(more);
  input = input.subspan(more.size());
  if (pending_.size() < wanted_) return errc::ok;
  const errc error = on_text(pending_.reveal_text());
  pending_.clear();
  return error;
}

errc bhttp_machine::on_number(std::uint64_t value, std::size_t encoded_bytes) {
  switch (state_) {
    case state::framing:
      return on_framing(value);
    case state::method_size:
      if (value == 0 || value > limits::bhttp_token_bytes_max) return errc::bhttp_control;
      return want_text(value, state::method);
    case state::scheme_size:
      if (value == 0 || value > limits::bhttp_token_bytes_max) return errc::bhttp_control;
      return want_text(value, state::scheme);
    case state::authority_size:
      if (value > limits::bhttp_authority_bytes_max) return errc::bhttp_control;
      return want_text(value, state::authority);
    case state::path_size:
      if (value == 0 || value > limits::bhttp_path_bytes_max) return errc::bhttp_control;
      return want_text(value, state::path);
    case state::status:
      return on_status(value);
    case state::section_start:
      if (!known_length_) return on_name_size(value, encoded_bytes);
      if (value > limits::bhttp_section_bytes_max) return errc::bhttp_too_large;
      return want_text(value, state::known_section);
    case state::name_size:
      return on_name_size(value, encoded_bytes);
    case state::value_size:
      return on_value_size(value, encoded_bytes);
    case state::content_start:
    case state::content_size:
      if (value == 0) return on_content_end();
      content_left_ = value;
      state_ = state::content;
      return errc::ok;
    default:
      return errc::internal;
  }
}

errc bhttp_machine::want_text(std::uint64_t size, state next) {
  wanted_ = static_cast<std::size_t>(size);  // compared with its limit before
  state_ = next;
  return size == 0 ? on_text({}) : errc::ok;
}

errc bhttp_machine::on_framing(std::uint64_t value) {
  const std::uint64_t base = direction_ == direction::request ? 0 : 1;
  if (value != base && value != base + 2) return errc::bhttp_framing;
  known_length_ = value == base;
  state_ = direction_ == direction::request ? state::method_size : state::status;
  return errc::ok;
}

errc bhttp_machine::on_status(std::uint64_t value) {
  if (value < 100 || value > 599) return errc::bhttp_control;
  if (value < 200) {
    if (++informational_ > limits::bhttp_informational_max) return errc::bhttp_too_large;
    begin_section(section::informational);
  } else {
    head_.status = static_cast<int>(value);
    begin_section(section::header);
  }
  return errc::ok;
}

void bhttp_machine::begin_section(section which) {
  section_ = which;
  lines_ = 0;
  section_bytes_ = 0;
  state_ = state::section_start;
}

errc bhttp_machine::on_name_size(std::uint64_t value, std::size_t encoded_bytes) {
  if (value == 0) return on_section_end();
  section_bytes_ += encoded_bytes;
  if (section_bytes_ > limits::bhttp_section_bytes_max) return errc::bhttp_too_large;
  if (value > limits::bhttp_section_bytes_max - section_bytes_) return errc::bhttp_too_large;
  section_bytes_ += static_cast<std::size_t>(value);
  return want_text(value, state::name);
}

errc bhttp_machine::on_value_size(std::uint64_t value, std::size_t encoded_bytes) {
  section_bytes_ += encoded_bytes;
  if (section_bytes_ > limits::bhttp_section_bytes_max) return errc::bhttp_too_large;
  if (value > limits::bhttp_section_bytes_max - section_bytes_) return errc::bhttp_too_large;
  section_bytes_ += static_cast<std::size_t>(value);
  return want_text(value, state::value);
}

errc bhttp_machine::on_text(std::string_view text) {
  switch (state_) {
    case state::method:
      if (!is_bhttp_method(text)) return errc::bhttp_control;
      head_.method = text;
      state_ = state::scheme_size;
      return errc::ok;
    case state::scheme:
      if (!is_bhttp_scheme(text)) return errc::bhttp_control;
      head_.scheme = text;
      state_ = state::authority_size;
      return errc::ok;
    case state::authority:
      if (!is_bhttp_authority(text)) return errc::bhttp_control;
      head_.authority = text;
      state_ = state::path_size;
      return errc::ok;
    case state::path:
      if (!is_bhttp_path(text)) return errc::bhttp_control;
      head_.path = text;
      begin_section(section::header);
      return errc::ok;
    case state::known_section:
      return on_known_section(text);
    case state::name:
      name_ = text;
      state_ = state::value_size;
      return errc::ok;
    case state::value:
      state_ = state::name_size;
      return on_line(name_, text);
    default:
      return errc::internal;
  }
}

errc bhttp_machine::on_known_section(std::string_view text) {
  bytes_view left = as_bytes(text);
  const auto take = [&left]() -> std::optional<std::string_view> {
    const auto size = read_varint(left);
    if (!size || size->value > left.size() - size->size) return std::nullopt;
    const bytes_view taken = left.subspan(size->size, static_cast<std::size_t>(size->value));
    left = left.subspan(size->size + taken.size());
    return as_chars(taken);
  };
  while (!left.empty()) {
    const auto name = take();
    if (!name) return errc::bhttp_truncated;
    const auto value = take();
    if (!value) return errc::bhttp_truncated;
    const errc error = on_line(*name, *value);
    if (error != errc::ok) return error;
  }
  return on_section_end();
}

errc bhttp_machine::on_line(std::string_view name, std::string_view value) {
  if (++lines_ > limits::bhttp_lines_max) return errc::bhttp_too_large;
  if (!is_token(name) || !is_field_value(value)) return errc::bhttp_field;
  if (section_ != section::header) return errc::ok;
  const auto added = head_.fields.add(lower_case(name), value);
  return added ? errc::ok : errc::bhttp_too_large;
}

errc bhttp_machine::on_section_end() {
  switch (section_) {
    case section::informational:
      state_ = state::status;
      break;
    case section::header:
      head_done_ = true;
      state_ = state::content_start;
      break;
    case section::trailer:
      state_ = state::padding;
      break;
  }
  return errc::ok;
}

errc bhttp_machine::on_content_end() {
  if (!content_length_fits(head_.fields, content_bytes_)) return errc::bhttp_content_length;
  begin_section(section::trailer);
  return errc::ok;
}

}  // namespace tp::codec::detail
