#include "codec/varint.hpp"

#include "base/assert.hpp"

namespace tp::codec {

std::size_t varint_size(std::uint64_t value) {
  if (value < (1U << 6)) return 1;
  if (value < (1U << 14)) return 2;
  return value < (1U << 30) ? 4 : 8;
}

void put_varint(bytes& out, std::uint64_t value) {
  TP_ASSERT(value <= varint_max);
  const std::size_t size = varint_size(value);
  const std::uint64_t form = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
  const std::uint64_t marked = value | form << (size * 8 - 2);
  for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<std::uint8_t>(marked >> (i * 8)));
}

std::optional<varint> read_varint(bytes_view input) {
  if (input.empty()) return std::nullopt;
  const std::size_t size = std::size_t{1} << (input[0] >> 6);
  if (input.size() < size) return std::nullopt;
  std::uint64_t value = input[0] & 0x3f;
  for (std::size_t i = 1; i < size; ++i) value = value << 8 | input[i];
  return varint{value, size};
}

std::size_t uvarint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void put_uvarint(bytes& out, std::uint64_t value) {
  TP_ASSERT(value <= uvarint_max);
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

result<varint> read_uvarint(bytes_view input) {
  constexpr std::size_t size_max = 9;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < input.size() && i < size_max; ++i) {
    value |= std::uint64_t{input[i] & 0x7fU} << (7 * i);
    if (input[i] >= 0x80) continue;
    if (input[i] == 0 && i > 0) return errc::invalid_varint;  // a shorter form exists
    return varint{value, i + 1};
  }
  if (input.size() >= size_max) return errc::invalid_varint;
  return varint{};
}

}  // namespace tp::codec
