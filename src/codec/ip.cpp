#include "codec/ip.hpp"

#include <algorithm>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <charconv>

namespace tp::codec {

namespace {

constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned mapped_bits = 96;

}  // namespace

std::optional<std::array<std::uint8_t, 4>> parse_ip4(std::string_view text) {
  const auto parsed = boost::urls::parse_ipv4_address({text.data(), text.size()});
  if (!parsed) return std::nullopt;
  return parsed->to_bytes();
}

std::optional<std::array<std::uint8_t, 16>> parse_ip6(std::string_view text) {
  const auto parsed = boost::urls::parse_ipv6_address({text.data(), text.size()});
  if (!parsed) return std::nullopt;
  return parsed->to_bytes();
}

std::string ip4_text(std::span<const std::uint8_t, 4> address) {
  std::string text;
  for (const std::uint8_t part : address) {
    if (!text.empty()) text.push_back('.');
    text.append(std::to_string(part));
  }
  return text;
}

// Written here because Boost 1.81 shortens a single zero group, which RFC 5952 section 4.2.2 forbids.
std::string ip6_text(std::span<const std::uint8_t, 16> address) {
  if (std::equal(mapped.begin(), mapped.end(), address.begin())) {
    return "::ffff:" + ip4_text(address.last<4>());
  }
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = address[2 * i] * 256U + address[2 * i + 1];

  std::size_t run_start = groups.size();
  std::size_t run_size = 1;  // only two or more zero groups are shortened
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::size_t end = i;
    while (end < groups.size() && groups[end] == 0) ++end;
    if (end - i > run_size) {
      run_start = i;
      run_size = end - i;
    }
  }

  std::string text;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i == run_start) {
      text.append("::");
      i += run_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text.push_back(':');
    std::array<char, 4> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), groups[i], 16);
    text.append(digits.data(), written.ptr);
  }
  return text;
}

ip_address ip_address::v4(std::span<const std::uint8_t, 4> address) {
  ip_address made;
  std::copy(mapped.begin(), mapped.end(), made.octets_.begin());
  std::copy(address.begin(), address.end(), made.octets_.begin() + mapped.size());
  return made;
}

ip_address ip_address::v6(std::span<const std::uint8_t, 16> address) {
  ip_address made;
  std::copy(address.begin(), address.end(), made.octets_.begin());
  return made;
}

bool ip_address::is_v4() const noexcept { return std::equal(mapped.begin(), mapped.end(), octets_.begin()); }

bool ip_address::is_loopback() const noexcept {
  if (is_v4()) return octets_[mapped.size()] == 127;
  return octets_.back() == 1 &&
         std::all_of(octets_.begin(), octets_.end() - 1, [](auto o) { return o == 0; });
}

ip_address ip_address::network(unsigned prefix) const {
  const unsigned bits = std::min(prefix, 128U) + (is_v4() ? mapped_bits : 0U);
  ip_address made = *this;
  for (unsigned i = 0; i < made.octets_.size(); ++i) {
    const unsigned kept = bits <= 8 * i ? 0U : std::min(bits - 8 * i, 8U);
    made.octets_[i] = static_cast<std::uint8_t>(made.octets_[i] & (0xff00U >> kept));
  }
  return made;
}

std::string ip_address::text() const {
  const std::span<const std::uint8_t, 16> all(octets_);
  return is_v4() ? ip4_text(all.last<4>()) : ip6_text(all);
}

std::optional<ip_address> parse_ip(std::string_view text) {
  if (const auto four = parse_ip4(text)) return ip_address::v4(*four);
  if (const auto six = parse_ip6(text)) return ip_address::v6(*six);
  return std::nullopt;
}

bool ip_network::contains(const ip_address& address) const {
  return address.is_v4() == base.is_v4() && address.network(prefix) == base;
}

std::optional<ip_network> parse_ip_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = parse_ip(text.substr(0, slash));
  if (!base) return std::nullopt;
  const unsigned longest = base->is_v4() ? 32 : 128;
  unsigned prefix = longest;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    const bool whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
    const bool plain = digits.size() == 1 || !digits.starts_with('0');
    if (!whole || !plain || prefix > longest) return std::nullopt;
  }
  if (base->network(prefix) != *base) return std::nullopt;
  return ip_network{*base, prefix};
}

}  // namespace tp::codec
