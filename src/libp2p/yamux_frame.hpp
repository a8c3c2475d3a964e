// The 12-byte Yamux header (hashicorp yamux spec, "Framing"): version, type, flags, stream, length;
// big-endian. Pure values.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/error.hpp"

namespace tp::p2p {

enum class yamux_type : std::uint8_t { data = 0, window_update = 1, ping = 2, go_away = 3 };

namespace yamux_flag {
inline constexpr std::uint16_t syn = 1, ack = 2, fin = 4, rst = 8;
}

enum class yamux_end : std::uint32_t { normal = 0, protocol_error = 1, internal_error = 2 };

struct yamux_header {
  static constexpr std::size_t size = 12;
  yamux_type type = yamux_type::data;
  std::uint16_t flags = 0;
  std::uint32_t stream = 0;
  std::uint32_t length =
      0;  // data: bytes that follow; window update: credit; ping: value; go away: yamux_end

  bool has(std::uint16_t flag) const noexcept { return (flags & flag) != 0; }
  bool operator==(const yamux_header&) const = default;
};

std::array<std::uint8_t, yamux_header::size> encode(const yamux_header& header);

// yamux_protocol: another version or an unknown type.
result<yamux_header> decode_yamux(std::span<const std::uint8_t, yamux_header::size> input);

}  // namespace tp::p2p
