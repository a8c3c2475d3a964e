#include "libp2p/yamux_frame.hpp"

namespace tp::p2p {
namespace {

std::uint32_t read_u32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
         static_cast<std::uint32_t>(at[2]) << 8 | at[3];
}

}  // namespace

std::array<std::uint8_t, yamux_header::size> encode(const yamux_header& header) {
  const auto byte = [](std::uint32_t value, int shift) { return static_cast<std::uint8_t>(value >> shift); };
  return {0,
          static_cast<std::uint8_t>(header.type),
          byte(header.flags, 8),
          byte(header.flags, 0),
          byte(header.stream, 24),
          byte(header.stream, 16),
          byte(header.stream, 8),
          byte(header.stream, 0),
          byte(header.length, 24),
          byte(header.length, 16),
          byte(header.length, 8),
          byte(header.length, 0)};
}

result<yamux_header> decode_yamux(std::span<const std::uint8_t, yamux_header::size> input) {
  if (input[0] != 0 || input[1] > static_cast<std::uint8_t>(yamux_type::go_away)) return errc::yamux_protocol;
  yamux_header header;
  header.type = static_cast<yamux_type>(input[1]);
  header.flags = static_cast<std::uint16_t>(input[2] << 8 | input[3]);
  header.stream = read_u32(&input[4]);
  header.length = read_u32(&input[8]);
  return header;
}

}  // namespace tp::p2p
