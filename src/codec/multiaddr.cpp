#include "codec/multiaddr.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "codec/base58.hpp"
#include "codec/base64.hpp"
#include "codec/ip.hpp"
#include "codec/varint.hpp"

namespace tp::codec {

namespace {

enum class value_kind { none, ip4, ip6, port, name, peer, certhash };

struct protocol {
  multiaddr_code code;
  std::string_view name;
  value_kind kind;
};

// https://github.com/multiformats/multiaddr/blob/master/protocols.csv, the ones we meet.
constexpr std::array<protocol, 19> protocols{{
    {multiaddr_code::ip4, "ip4", value_kind::ip4},
    {multiaddr_code::tcp, "tcp", value_kind::port},
    {multiaddr_code::ip6, "ip6", value_kind::ip6},
    {multiaddr_code::dns, "dns", value_kind::name},
    {multiaddr_code::dns4, "dns4", value_kind::name},
    {multiaddr_code::dns6, "dns6", value_kind::name},
    {multiaddr_code::dnsaddr, "dnsaddr", value_kind::name},
    {multiaddr_code::udp, "udp", value_kind::port},
    {multiaddr_code::webrtc_direct, "webrtc-direct", value_kind::none},
    {multiaddr_code::webrtc, "webrtc", value_kind::none},
    {multiaddr_code::p2p_circuit, "p2p-circuit", value_kind::none},
    {multiaddr_code::p2p, "p2p", value_kind::peer},
    {multiaddr_code::tls, "tls", value_kind::none},
    {multiaddr_code::sni, "sni", value_kind::name},
    {multiaddr_code::quic_v1, "quic-v1", value_kind::none},
    {multiaddr_code::webtransport, "webtransport", value_kind::none},
    {multiaddr_code::certhash, "certhash", value_kind::certhash},
    {multiaddr_code::ws, "ws", value_kind::none},
    {multiaddr_code::wss, "wss", value_kind::none},
}};

const protocol* by_code(std::uint64_t code) {
  const auto found = std::find_if(protocols.begin(), protocols.end(), [&](const protocol& p) {
    return static_cast<std::uint64_t>(p.code) == code;
  });
  return found == protocols.end() ? nullptr : &*found;
}

const protocol* by_name(std::string_view name) {
  const auto found =
      std::find_if(protocols.begin(), protocols.end(), [&](const protocol& p) { return p.name == name; });
  return found == protocols.end() ? nullptr : &*found;
}

// Bytes of a value without a length in front, or nullopt when there is one.
std::optional<std::size_t> fixed_size(value_kind kind) {
  switch (kind) {
    case value_kind::none:
      return 0;
    case value_kind::ip4:
      return 4;
    case value_kind::ip6:
      return 16;
    case value_kind::port:
      return 2;
    default:
      return std::nullopt;
  }
}

// Letters, digits, '-', '_' and '.': what a resolver takes, and never a '/'.
bool valid_name(bytes_view name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](std::uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

// code || length || digest, the digest at most 64 bytes.
bool valid_multihash(bytes_view hash) {
  const auto code = read_uvarint(hash);
  if (!code || code->size == 0) return false;
  const bytes_view rest = hash.subspan(code->size);
  const auto length = read_uvarint(rest);
  if (!length || length->size == 0) return false;
  return length->value > 0 && length->value <= 64 && length->value == rest.size() - length->size;
}

bool valid_value(value_kind kind, bytes_view value) {
  if (const auto size = fixed_size(kind)) return value.size() == *size;
  return kind == value_kind::name ? valid_name(value) : valid_multihash(value);
}

std::optional<bytes> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (port > 65'535) return std::nullopt;
  return bytes{static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port)};
}

template <std::size_t Size>
std::optional<bytes> to_value(const std::optional<std::array<std::uint8_t, Size>>& address) {
  if (!address) return std::nullopt;
  return bytes(address->begin(), address->end());
}

std::optional<bytes> to_value(const result<bytes>& decoded) {
  if (!decoded) return std::nullopt;
  return *decoded;
}

// The value behind a text; whether it fits is valid_value's to say.
std::optional<bytes> parse_value(value_kind kind, std::string_view text) {
  switch (kind) {
    case value_kind::none:
      return bytes{};
    case value_kind::ip4:
      return to_value(parse_ip4(text));
    case value_kind::ip6:
      return to_value(parse_ip6(text));
    case value_kind::port:
      return parse_port(text);
    case value_kind::name:
      return to_bytes(text);
    case value_kind::peer:
      return to_value(base58_decode(text));
    case value_kind::certhash:  // multibase: 'u' is base64url
      if (!text.starts_with('u')) return std::nullopt;
      return to_value(base64url_decode(text.substr(1)));
  }
  return std::nullopt;
}

// Cuts the text before the next '/' off the front; the '/' goes too.
std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('/'), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

}  // namespace

result<multiaddr> multiaddr::from_parts(std::vector<multiaddr_part> parts) {
  if (parts.empty() || parts.size() > limits::multiaddr_parts_max) return errc::invalid_multiaddr;
  for (const multiaddr_part& part : parts) {
    const protocol* known = by_code(static_cast<std::uint64_t>(part.code));
    if (known == nullptr || !valid_value(known->kind, part.value)) return errc::invalid_multiaddr;
  }
  multiaddr made(std::move(parts));
  if (made.encode().size() > limits::multiaddr_bytes_max) return errc::invalid_multiaddr;
  return made;
}

result<multiaddr> multiaddr::parse(std::string_view text) {
  if (text.size() > 2 * limits::multiaddr_bytes_max)
    return errc::invalid_multiaddr;  // text is longer than binary
  if (!text.starts_with('/') || text.ends_with('/')) return errc::invalid_multiaddr;
  std::vector<multiaddr_part> parts;
  std::string_view rest = text.substr(1);
  while (!rest.empty()) {
    if (parts.size() == limits::multiaddr_parts_max) return errc::invalid_multiaddr;
    const protocol* known = by_name(take_word(rest));
    if (known == nullptr) return errc::invalid_multiaddr;
    const std::string_view word = known->kind == value_kind::none ? std::string_view() : take_word(rest);
    auto value = parse_value(known->kind, word);
    if (!value) return errc::invalid_multiaddr;
    parts.push_back({known->code, std::move(*value)});
  }
  return from_parts(std::move(parts));
}

result<multiaddr> multiaddr::decode(bytes_view binary) {
  if (binary.size() > limits::multiaddr_bytes_max) return errc::invalid_multiaddr;
  std::vector<multiaddr_part> parts;
  bytes_view rest = binary;
  while (!rest.empty()) {
    if (parts.size() == limits::multiaddr_parts_max) return errc::invalid_multiaddr;
    const auto code = read_uvarint(rest);
    if (!code || code->size == 0) return errc::invalid_multiaddr;
    const protocol* known = by_code(code->value);
    if (known == nullptr) return errc::invalid_multiaddr;
    rest = rest.subspan(code->size);
    std::uint64_t size = 0;
    if (const auto fixed = fixed_size(known->kind)) {
      size = *fixed;
    } else {
      const auto length = read_uvarint(rest);
      if (!length || length->size == 0) return errc::invalid_multiaddr;
      size = length->value;
      rest = rest.subspan(length->size);
    }
    if (size > rest.size()) return errc::invalid_multiaddr;
    parts.push_back({known->code, to_bytes(rest.first(static_cast<std::size_t>(size)))});
    rest = rest.subspan(static_cast<std::size_t>(size));
  }
  return from_parts(std::move(parts));
}

bytes multiaddr::encode() const {
  bytes out;
  for (const multiaddr_part& part : parts_) {
    put_uvarint(out, static_cast<std::uint64_t>(part.code));
    if (!fixed_size(by_code(static_cast<std::uint64_t>(part.code))->kind))
      put_uvarint(out, part.value.size());
    append(out, part.value);
  }
  return out;
}

std::string multiaddr::value_text(const multiaddr_part& part) {
  const protocol* known = by_code(static_cast<std::uint64_t>(part.code));
  TP_ASSERT(known != nullptr && valid_value(known->kind, part.value));
  const bytes_view value = part.value;
  switch (known->kind) {
    case value_kind::none:
      return {};
    case value_kind::ip4:
      return ip4_text(value.first<4>());
    case value_kind::ip6:
      return ip6_text(value.first<16>());
    case value_kind::port:
      return std::to_string(value[0] * 256 + value[1]);
    case value_kind::name:
      return std::string(as_chars(value));
    case value_kind::certhash:
      return "u" + base64url_encode(value);
    case value_kind::peer:
      break;
  }
  const auto text = base58_encode(value);
  TP_ASSERT(text);  // a multihash is far below the bound
  return *text;
}

std::string multiaddr::text() const {
  std::string out;
  for (const multiaddr_part& part : parts_) {
    const protocol* known = by_code(static_cast<std::uint64_t>(part.code));
    out.append("/").append(known->name);
    if (known->kind != value_kind::none) out.append("/").append(value_text(part));
  }
  return out;
}

const multiaddr_part* multiaddr::find(multiaddr_code code) const noexcept {
  const auto found = std::find_if(parts_.begin(), parts_.end(),
                                  [code](const multiaddr_part& part) { return part.code == code; });
  return found == parts_.end() ? nullptr : &*found;
}

std::optional<std::uint16_t> multiaddr::port() const noexcept {
  for (const multiaddr_part& part : parts_) {
    if (part.code != multiaddr_code::tcp && part.code != multiaddr_code::udp) continue;
    return static_cast<std::uint16_t>(part.value[0] << 8 | part.value[1]);
  }
  return std::nullopt;
}

std::optional<peer_id> multiaddr::peer() const {
  const auto last = std::find_if(parts_.rbegin(), parts_.rend(),
                                 [](const multiaddr_part& part) { return part.code == multiaddr_code::p2p; });
  if (last == parts_.rend()) return std::nullopt;
  const auto id = peer_id::from_multihash(last->value);
  if (!id) return std::nullopt;
  return *id;
}

}  // namespace tp::codec
