// What the mock upstream and the mock node answer with, so that both sides of a comparison send the same
// bytes. Pure; formats only. The contents are opaque to a relay.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace mock {

// "/stream?rate=50&size=250": what a request asks for. It stands in the path, or in the body of a sealed
// request.
struct target {
  std::string path, query;

  static target parse(std::string_view text) {
    const std::size_t mark = text.find('?');
    if (mark == std::string_view::npos) return {std::string(text), ""};
    return {std::string(text.substr(0, mark)), std::string(text.substr(mark + 1))};
  }
  std::string text(const std::string& key, const std::string& otherwise) const {
    const std::string all = "&" + query, wanted = "&" + key + "=";
    const std::size_t at = all.find(wanted);
    if (at == std::string::npos) return otherwise;
    const std::size_t from = at + wanted.size();
    return all.substr(from, all.find('&', from) - from);
  }
  double number(const std::string& key, double otherwise) const {
    const std::string value = text(key, "");
    return value.empty() ? otherwise : std::atof(value.c_str());
  }
};

inline constexpr const char* sealed_type = "message/ohttp-chunked-res";

inline void put_chunk(std::string& out, std::string_view data) {
  char line[20];
  const int size = std::snprintf(line, sizeof line, "%zx\r\n", data.size());
  out.append(line, static_cast<std::size_t>(size)).append(data).append("\r\n");
}

// "~t<monotonic ns at write>~i<index>~" survives re-framing and JSON re-serialising, so that loadgen can tell
// transit time, jitter and lost events.
inline std::string stamp(std::int64_t now_ns, std::int64_t index) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, "~t%lld~i%lld~", static_cast<long long>(now_ns),
                                 static_cast<long long>(index));
  return std::string(text, static_cast<std::size_t>(size));
}

// A record of draft-ietf-ohai-chunked-ohttp's shape: a QUIC varint of two bytes and that many bytes.
inline std::string sealed_record(std::string_view mark, std::int64_t size) {
  const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(size, 0));
  const std::size_t length = std::clamp<std::size_t>(wanted, mark.size() + 16, 16383);
  std::string out;
  out += static_cast<char>(0x40 | (length >> 8));
  out += static_cast<char>(length & 255);
  return out.append(mark).append(length - mark.size(), 'z');
}
inline std::string sealed_nonce() { return std::string(32, 'n'); }
inline std::string sealed_end() { return std::string(1, '\0') + std::string(24, 'f'); }

}  // namespace mock
