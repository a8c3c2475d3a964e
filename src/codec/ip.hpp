// IP addresses as bytes and as text, IPv6 in the one spelling of RFC 5952. Pure, any thread.
// Networks (CIDR) for lists of addresses. Refuses zone ids, ports, octal and short IPv4 forms.
#pragma once

#include <array>
#include <compare>
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

// An address of either family. IPv4 and IPv4-mapped IPv6 are the same address, and count as IPv4.
class ip_address {
 public:
  static ip_address v4(std::span<const std::uint8_t, 4> address);
  static ip_address v6(std::span<const std::uint8_t, 16> address);

  bool is_v4() const noexcept;
  bool is_loopback() const noexcept;  // 127.0.0.0/8 and ::1
  // With every bit beyond the first `prefix` zero; counted in its own family, at most 32 or 128.
  ip_address network(unsigned prefix) const;
  std::string text() const;  // 192.0.2.1, 2001:db8::1

  auto operator<=>(const ip_address&) const = default;

 private:
  std::array<std::uint8_t, 16> octets_{};  // mapped if IPv4
};

std::optional<ip_address> parse_ip(std::string_view text);

// "10.0.0.0/8", "2001:db8::/32" or a single address.
struct ip_network {
  ip_address base;
  unsigned prefix = 0;                             // in the family of base
  bool contains(const ip_address& address) const;  // never across families
};

// nullopt also for bits set beyond the prefix: that is a typing error more often than not.
std::optional<ip_network> parse_ip_network(std::string_view text);

}  // namespace tp::codec
