#include "codec/protobuf.hpp"

#include "base/assert.hpp"

namespace tp::codec {

namespace {

constexpr std::uint32_t number_max = (1U << 29) - 1;
enum wire_type : std::uint64_t { wire_varint = 0, wire_fixed64 = 1, wire_bytes = 2, wire_fixed32 = 5 };

// Protobuf varints have all 64 bits and so up to ten bytes: one more than libp2p's own.
void put_number(bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put_tag(bytes& out, std::uint32_t field, wire_type type) {
  TP_ASSERT(field >= 1 && field <= number_max);
  put_number(out, std::uint64_t{field} << 3 | type);
}

// Takes a number off the front of `rest`.
std::optional<std::uint64_t> take_number(bytes_view& rest) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < rest.size() && i < 10; ++i) {
    const std::uint8_t byte = rest[i];
    if (i == 9 && byte > 1) return std::nullopt;  // beyond 64 bits
    if (i > 0 && byte == 0) return std::nullopt;  // a shorter form exists
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if (byte < 0x80) {
      rest = rest.subspan(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace

void put_varint_field(bytes& out, std::uint32_t field, std::uint64_t value) {
  put_tag(out, field, wire_varint);
  put_number(out, value);
}

void put_bytes_field(bytes& out, std::uint32_t field, bytes_view value) {
  put_tag(out, field, wire_bytes);
  put_number(out, value.size());
  append(out, value);
}

void put_bytes_field(bytes& out, std::uint32_t field, std::string_view value) {
  put_bytes_field(out, field, as_bytes(value));
}

result<std::optional<protobuf_field>> protobuf_reader::next() {
  bytes_view rest = rest_;  // rest_ moves only past whole fields, so that a failure repeats
  while (!rest.empty()) {
    const auto tag = take_number(rest);
    if (!tag || *tag >> 3 == 0 || *tag >> 3 > number_max) return errc::invalid_protobuf;
    protobuf_field field;
    field.number = static_cast<std::uint32_t>(*tag >> 3);
    const std::uint64_t type = *tag & 7;
    if (type == wire_fixed64 || type == wire_fixed32) {
      const std::size_t size = type == wire_fixed64 ? 8 : 4;
      if (rest.size() < size) return errc::invalid_protobuf;
      rest = rest.subspan(size);
      continue;
    }
    if (type != wire_varint && type != wire_bytes) return errc::invalid_protobuf;
    const auto value = take_number(rest);
    if (!value) return errc::invalid_protobuf;
    if (type == wire_bytes) {
      if (*value > rest.size()) return errc::invalid_protobuf;
      field.type = protobuf_type::bytes;
      field.data = rest.first(static_cast<std::size_t>(*value));
      rest = rest.subspan(field.data.size());
    } else {
      field.value = *value;
    }
    rest_ = rest;
    return std::optional(field);
  }
  rest_ = rest;
  return std::optional<protobuf_field>();
}

}  // namespace tp::codec
