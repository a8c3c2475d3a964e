// Heads and bodies: any slicing gives the same verdict, views lie inside the input, what is accepted can be
// written again and is read the same, and decoder and tracker agree. The first byte chooses slicing and
// framing.
#include "codec/http1.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include "base/assert.hpp"

namespace {

using namespace tp;
using parser = result<std::size_t> (*)(std::string_view, codec::http_head&);

bool inside(std::string_view part, std::string_view whole) {
  if (part.empty()) return true;
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

errc error_of(const result<std::size_t>& got) { return got ? errc::ok : to_errc(got.error()); }

// What a prefix decides, the whole input decides too.
void same_verdict_of_prefix(parser parse, std::string_view text, std::size_t size,
                            const result<std::size_t>& whole) {
  const auto prefix = std::make_unique<codec::http_head>();
  const std::string exact(text.substr(0, size));
  const auto got = parse(exact, *prefix);
  if (got && *got == 0) return;
  TP_ASSERT(error_of(got) == error_of(whole));
  TP_ASSERT(!got || *got == *whole);
}

void writes_back(const codec::http_head& head, bool request) {
  codec::http_fields fields;
  for (const codec::http_field& field : head.fields()) {
    TP_ASSERT(fields.add(field.name, field.value).has_value());
  }
  std::string text;
  if (request) {
    TP_ASSERT(codec::write_request_head(text, head.method(), head.target(), fields).has_value());
  } else {
    codec::write_response_head(text, head.status(), fields);
  }
  if (text.size() > limits::http_head_bytes_max || head.minor_version() == 0) return;
  const auto again = std::make_unique<codec::http_head>();
  const auto parsed = request ? parse_request_head(text, *again) : parse_response_head(text, *again);
  TP_ASSERT(parsed && *parsed == text.size());
  TP_ASSERT(again->target() == head.target() && again->status() == head.status());
  TP_ASSERT(again->fields().size() == head.fields().size());
  TP_ASSERT(again->chunked() == head.chunked() && again->content_length() == head.content_length());
}

void heads(parser parse, std::string_view text, std::size_t prefix, bool request) {
  const auto head = std::make_unique<codec::http_head>();
  const auto parsed = parse(text, *head);
  same_verdict_of_prefix(parse, text, std::min(prefix, text.size()), parsed);
  if (!parsed || *parsed == 0) return;
  TP_ASSERT(*parsed <= limits::http_head_bytes_max && text.substr(0, *parsed).ends_with("\r\n\r\n"));
  TP_ASSERT(inside(head->target(), text));
  for (const codec::http_field& field : head->fields()) {
    TP_ASSERT(inside(field.name, text) && inside(field.value, text));
  }
  writes_back(*head, request);
}

struct body {
  errc error = errc::ok;
  std::string data;
  std::size_t used = 0;
  bool done = false;
};

body decode(codec::body_framing framing, bytes_view input, std::size_t slice) {
  body got;
  codec::body_decoder decoder(framing);
  while (got.used < input.size() && !decoder.done()) {
    const bytes_view piece = input.subspan(got.used, std::min(slice, input.size() - got.used));
    const auto step = decoder.next(piece);
    if (!step) return {to_errc(step.error()), {}, 0, false};
    TP_ASSERT(step->consumed > 0 && step->consumed <= piece.size() && step->piece.size() <= step->consumed);
    got.data += as_chars(step->piece);
    got.used += step->consumed;
  }
  got.done = decoder.done();
  return got;
}

void bodies(codec::body_framing framing, bytes_view input, std::size_t slice) {
  const body whole = decode(framing, input, input.size() + 1);
  const body cut = decode(framing, input, slice);
  TP_ASSERT(whole.error == cut.error && whole.data == cut.data);
  TP_ASSERT(whole.used == cut.used && whole.done == cut.done);
  codec::body_tracker tracker(framing);
  const auto fed = tracker.feed(input);
  TP_ASSERT(error_of(fed) == whole.error && (!fed || (*fed == whole.used && tracker.done() == whole.done)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t choice = data[0];
  const bytes_view input(data + 1, size - 1);
  heads(codec::parse_request_head, as_chars(input), choice * 2U, true);
  heads(codec::parse_response_head, as_chars(input), choice * 2U, false);
  bodies({codec::body_framing::kind::chunked, 0}, input, 1U + choice % 16U);
  bodies({codec::body_framing::kind::length, choice}, input, 1U + choice % 16U);
  return 0;
}
