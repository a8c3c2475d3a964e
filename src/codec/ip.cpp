#include "codec/ip.hpp"

#include <algorithm>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <charconv>

namespace tp::codec {

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
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
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

}  // namespace tp::codec
