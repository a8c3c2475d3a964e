// Fields that were read and written again are a part of the input, in order, and read back the same.
#include "codec/protobuf.hpp"

#include <algorithm>

#include "base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  codec::protobuf_reader reader({data, size});
  bytes_view rest(data, size);
  for (;;) {
    const auto field = reader.next();
    if (!field) {
      TP_ASSERT(!reader.next());  // a failure repeats
      return 0;
    }
    if (!*field) return 0;
    bytes again;
    if ((*field)->type == codec::protobuf_type::varint) {
      codec::put_varint_field(again, (*field)->number, (*field)->value);
    } else {
      codec::put_bytes_field(again, (*field)->number, (*field)->data);
    }
    const auto found = std::search(rest.begin(), rest.end(), again.begin(), again.end());
    TP_ASSERT(found != rest.end());
    rest = rest.subspan(static_cast<std::size_t>(found - rest.begin()) + again.size());
  }
}
