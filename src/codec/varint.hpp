// Two integer formats: the QUIC varint (RFC 9000 section 16) of Binary HTTP and sealed chunks, and the
// unsigned LEB128 of libp2p and protobuf. Pure functions, any thread. Readers look at the start of `input`
// and say how much they took. A length read here comes from outside: compare it with its limit before adding
// to it or allocating.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tp::codec {

inline constexpr std::uint64_t varint_max = (std::uint64_t{1} << 62) - 1;
inline constexpr std::uint64_t uvarint_max = (std::uint64_t{1} << 63) - 1;  // nine bytes of seven bits

struct varint {
  std::uint64_t value = 0;
  std::size_t size = 0;  // bytes taken from the input
};

// QUIC. Appends the shortest form. `value` must not exceed varint_max: a bug of the caller, asserted.
void put_varint(bytes& out, std::uint64_t value);
// Size of the shortest form: 1, 2, 4 or 8.
std::size_t varint_size(std::uint64_t value);
// nullopt: more input is needed. Any form is accepted, the longer ones too, as E2EE and RFC 9292 demand.
std::optional<varint> read_varint(bytes_view input);

// LEB128, at most nine bytes (multiformats unsigned-varint). `value` must not exceed uvarint_max, asserted.
void put_uvarint(bytes& out, std::uint64_t value);
std::size_t uvarint_size(std::uint64_t value);
// A size of 0 means that more input is needed. Fails with invalid_varint when a tenth byte would be needed or
// the form is not the shortest.
result<varint> read_uvarint(bytes_view input);

}  // namespace tp::codec
