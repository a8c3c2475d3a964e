// Binary HTTP: any slicing gives the same verdict and the same message, and what is accepted can be encoded
// again and is read the same. The first byte chooses the slice.
#include "codec/bhttp.hpp"

#include <algorithm>
#include <string>

#include "base/assert.hpp"
#include "base/limits.hpp"

namespace {

using namespace tp;

void same_fields(const codec::http_fields& left, const codec::http_fields& right) {
  TP_ASSERT(left.size() == right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    TP_ASSERT(left[i].name == right[i].name && left[i].value == right[i].value);
  }
}

result<codec::bhttp_request> request(bytes_view input, std::size_t slice) {
  codec::bhttp_request_decoder decoder;
  for (std::size_t at = 0; at < input.size(); at += slice) {
    const auto pushed = decoder.push(input.subspan(at, std::min(slice, input.size() - at)));
    if (!pushed) return pushed.error();
  }
  return decoder.finish();
}

void requests(bytes_view input, std::size_t slice) {
  const auto whole = request(input, input.size() + 1);
  const auto cut = request(input, slice);
  TP_ASSERT(whole.has_value() == cut.has_value());
  if (!whole) {
    TP_ASSERT(whole.error() == cut.error());
    return;
  }
  TP_ASSERT(whole->content.reveal_text() == cut->content.reveal_text());
  same_fields(whole->fields, cut->fields);
  const auto encoded = codec::encode_bhttp_request(*whole, slice);
  TP_ASSERT(encoded.has_value() && encoded->size() >= slice);
  const auto again = request(encoded->reveal(), slice);
  TP_ASSERT(again.has_value() && again->path == whole->path && again->method == whole->method);
  TP_ASSERT(again->content.reveal_text() == whole->content.reveal_text());
  same_fields(again->fields, whole->fields);
}

struct response {
  errc error = errc::ok;
  codec::bhttp_response head;
  plaintext content;
};

response read(bytes_view input, std::size_t slice) {
  response got;
  codec::bhttp_response_decoder decoder;
  const auto keep = [&](bytes_view piece) {
    TP_ASSERT(decoder.head() != nullptr && !piece.empty());
    got.content.append(piece);
  };
  for (std::size_t at = 0; at < input.size(); at += slice) {
    const auto pushed = decoder.push(input.subspan(at, std::min(slice, input.size() - at)), keep);
    if (!pushed) {
      got.error = to_errc(pushed.error());
      return got;
    }
  }
  if (const auto finished = decoder.finish(); !finished) {
    got.error = to_errc(finished.error());
    return got;
  }
  got.head = *decoder.head();
  return got;
}

void responses(bytes_view input, std::size_t slice) {
  const response whole = read(input, input.size() + 1);
  const response cut = read(input, slice);
  TP_ASSERT(whole.error == cut.error);
  if (whole.error != errc::ok) return;
  TP_ASSERT(whole.head.status == cut.head.status && whole.content.reveal_text() == cut.content.reveal_text());
  same_fields(whole.head.fields, cut.head.fields);
  plaintext streamed;
  TP_ASSERT(codec::put_bhttp_response_head(streamed, whole.head).has_value());
  codec::put_bhttp_content(streamed, whole.content.reveal());
  codec::put_bhttp_end(streamed, slice);
  const response again = read(streamed.reveal(), slice);
  TP_ASSERT(again.error == errc::ok && again.content.reveal_text() == whole.content.reveal_text());
  same_fields(again.head.fields, whole.head.fields);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bytes_view input(data + 1, size - 1);
  requests(input, 1U + data[0]);
  responses(input, 1U + data[0]);
  return 0;
}
