// IP addresses as bytes and as text, IPv6 in the one spelling of RFC 5952. Pure, any thread.
// Refuses zone ids, ports, octal and short IPv4 forms.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tp::codec {

std::optional<std::array<std::uint8_t, 4>> parse_ip4(std::string_view text);
std::optional<std::array<std::uint8_t, 16>> parse_ip6(std::string_view text);
std::string ip4_text(std::span<const std::uint8_t, 4> address);
std::string ip6_text(std::span<const std::uint8_t, 16> address);

}  // namespace tp::codec
