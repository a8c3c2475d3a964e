// Binary HTTP (RFC 9292), as narrow as E2EE section 7: what an authentic envelope holds. Known and
// indeterminate framing are read, any slicing gives the same verdict, and the failures are errc::bhttp_*. A
// decoder serves one message and one task; after a failure it repeats it. Refused besides malformed bytes:
// fields or control data out of their limits, padding that is not zero, a content-length that is not the
// content's. What a request means (date, route, sealed-to) is not decided here. Content is plaintext: wiped,
// never printed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "codec/bhttp_machine.hpp"
#include "codec/http_fields.hpp"

namespace tp::codec {

struct bhttp_request {
  std::string method = "POST";
  std::string scheme = "https";
  std::string authority;
  std::string path;    // with its query
  http_fields fields;  // decoded names are lower case
  plaintext content;
};

struct bhttp_response {
  int status = 200;  // 200 … 599
  http_fields fields;
};

// Bytes of encode_bhttp_request without padding: the L of bucket(L).
std::size_t bhttp_request_bytes(const bhttp_request& request);
// Known-length form, zeros at the end up to `padded_bytes` in all (less than needed: no padding). Names are
// written in lower case. bhttp_control, bhttp_field or bhttp_too_large for a request that no receiver would
// take.
result<plaintext> encode_bhttp_request(const bhttp_request& request, std::size_t padded_bytes = 0);

std::size_t bhttp_response_bytes(const bhttp_response& head, bytes_view content);
// The same for a response that is not streamed.
result<plaintext> encode_bhttp_response(const bhttp_response& head, bytes_view content,
                                        std::size_t padded_bytes = 0);

// Streamed response: any number of informational ones, head, any number of content chunks, end. They append
// to `out`, which may be fresh for every flush. The first one of a message also writes its framing.
enum class bhttp_place { begins, follows };
// 102, without fields. No more than limits::bhttp_informational_max in a message.
void put_bhttp_processing(plaintext& out, bhttp_place place);
result<void> put_bhttp_response_head(plaintext& out, const bhttp_response& head,
                                     bhttp_place place = bhttp_place::begins);
// One content chunk; an empty one writes nothing, because a zero would end the content.
void put_bhttp_content(plaintext& out, bytes_view content);
// Content terminator, empty trailer section, zeros.
void put_bhttp_end(plaintext& out, std::size_t padding_bytes = 0);

class bhttp_request_decoder {
 public:
  bhttp_request_decoder() : machine_(detail::bhttp_machine::direction::request) {}
  // Takes any slice. The first failure stays. Memory follows the input seen, never a length read in it;
  // message_too_large over limits::request_bytes_max, which the opener refuses before.
  result<void> push(bytes_view input);
  // The envelope ended (its state is DONE). Call once.
  result<bhttp_request> finish();

 private:
  detail::bhttp_machine machine_;
  plaintext content_;
  std::size_t taken_ = 0;
};

class bhttp_response_decoder {
 public:
  using content_sink = detail::bhttp_machine::content_sink;
  bhttp_response_decoder() : machine_(detail::bhttp_machine::direction::response) {}
  // Hands out content as it comes; head() is set before the first piece. A piece is valid during the call
  // only. Informational responses are checked and dropped.
  result<void> push(bytes_view input, const content_sink& on_content);
  // The final status and its fields, once its header section is whole; else null. Valid as long as the
  // decoder.
  const bhttp_response* head() const noexcept { return head_known_ ? &head_ : nullptr; }
  // The envelope ended: the answer is complete only if this succeeds. head() is set then. Call once.
  result<void> finish();

 private:
  void keep_head();

  detail::bhttp_machine machine_;
  bhttp_response head_;
  bool head_known_ = false;
};

}  // namespace tp::codec
