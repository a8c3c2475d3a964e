// Bytes as every layer passes them: owned (`bytes`), looked at (`bytes_view`), written into (`bytes_span`).
// Text on a wire is bytes too; as_bytes and as_chars change the view, never the memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tp {

using bytes = std::vector<std::uint8_t>;
using bytes_view = std::span<const std::uint8_t>;
using bytes_span = std::span<std::uint8_t>;

inline bytes_view as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_chars(bytes_view data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

inline void append(bytes& to, bytes_view more) { to.insert(to.end(), more.begin(), more.end()); }
inline void append(bytes& to, std::string_view more) { append(to, as_bytes(more)); }

inline bytes to_bytes(std::string_view text) { return {text.begin(), text.end()}; }
inline bytes to_bytes(bytes_view data) { return {data.begin(), data.end()}; }

}  // namespace tp
