// The little of protobuf that libp2p needs: varint and length-delimited fields, written and read without a
// schema compiler. Pure, any thread. The reader allocates nothing and hands out views into its input. Refuses
// groups, field number 0, lengths beyond the end and varints that are not in their shortest form. Fixed-size
// fields, which no message of ours has, are stepped over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tp::codec {

// `field` is 1 … 2^29-1. Zero and empty values are written too.
void put_varint_field(bytes& out, std::uint32_t field, std::uint64_t value);
void put_bytes_field(bytes& out, std::uint32_t field, bytes_view value);
void put_bytes_field(bytes& out, std::uint32_t field, std::string_view value);

enum class protobuf_type { varint, bytes };

struct protobuf_field {
  std::uint32_t number = 0;
  protobuf_type type = protobuf_type::varint;
  std::uint64_t value = 0;  // of a varint, all 64 bits
  bytes_view data;          // of bytes; valid as long as the reader's input
};

class protobuf_reader {
 public:
  explicit protobuf_reader(bytes_view message) : rest_(message) {}
  // The next field in the order written, nullopt at the end; invalid_protobuf, which repeats.
  // Callers skip numbers they do not know and take the last of a repeated single field.
  result<std::optional<protobuf_field>> next();

 private:
  bytes_view rest_;
};

}  // namespace tp::codec
