#include "libp2p/multistream.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "codec/varint.hpp"

namespace tp::p2p {
namespace {

constexpr std::string_view header = "/multistream/1.0.0";

void put_message(bytes& out, std::string_view text) {
  codec::put_uvarint(out, text.size() + 1);
  append(out, text);
  out.push_back('\n');
}

void put_list(bytes& out, std::span<const std::string> offered) {
  bytes list;
  for (const std::string& name : offered) put_message(list, name);
  put_message(out, as_chars(list));
}

// The text of the message at the start of `input` with its whole size; size 0 = need more.
struct message {
  std::string_view text;
  std::size_t size = 0;
};

result<message> read_message(bytes_view input) {
  const result<codec::varint> length = codec::read_uvarint(input);
  if (!length) return errc::multistream_rejected;
  if (length->size == 0) {
    if (input.size() >= 2) return errc::multistream_rejected;  // 1,024 needs two bytes
    return message{};
  }
  if (length->value == 0 || length->value > limits::multistream_message_max)
    return errc::multistream_rejected;
  const auto body = static_cast<std::size_t>(length->value);
  if (input.size() - length->size < body) return message{};
  const std::string_view text = as_chars(input.subspan(length->size, body));
  if (text.back() != '\n') return errc::multistream_rejected;
  return message{text.substr(0, body - 1), length->size + body};
}

}  // namespace

bytes multistream_proposal(std::string_view protocol) {
  bytes out;
  put_message(out, header);
  put_message(out, protocol);
  return out;
}

result<std::size_t> multistream_initiator::on_bytes(bytes_view input) {
  const bytes_view rest = expected_.subspan(matched_);
  const std::size_t size = std::min(rest.size(), input.size());
  if (!std::ranges::equal(rest.first(size), input.first(size))) return errc::multistream_rejected;
  matched_ += size;
  return size;
}

result<multistream_listener::step> multistream_listener::on_bytes(bytes_view input,
                                                                  std::span<const std::string> offered,
                                                                  bytes& answer) {
  step done;
  while (done.used < input.size()) {
    result<message> next = message{};
    if (partial_.empty()) {
      next = read_message(input.subspan(done.used));
      if (!next) return next.error();
      if (next->size == 0) {
        partial_ = to_bytes(input.subspan(done.used));
        done.used = input.size();
        break;
      }
      done.used += next->size;
    } else {  // a message split over reads: one byte at a time, at most 1,026
      partial_.push_back(input[done.used++]);
      next = read_message(partial_);
      if (!next) return next.error();
      if (next->size == 0) continue;
    }
    const result<std::optional<std::size_t>> accepted = on_message(next->text, offered, answer);
    partial_.clear();
    if (!accepted) return accepted.error();
    done.accepted = *accepted;
    if (done.accepted) break;
  }
  return done;
}

result<std::optional<std::size_t>> multistream_listener::on_message(std::string_view text,
                                                                    std::span<const std::string> offered,
                                                                    bytes& answer) {
  if (!header_seen_) {
    if (text != header) return errc::multistream_rejected;
    header_seen_ = true;
    put_message(answer, header);
    return std::optional<std::size_t>();
  }
  if (++proposals_ > limits::multistream_tries_max) return errc::multistream_rejected;
  if (text == "ls") {
    put_list(answer, offered);
    return std::optional<std::size_t>();
  }
  const auto found = std::ranges::find(offered, text);
  if (found == offered.end()) {
    put_message(answer, "na");
    return std::optional<std::size_t>();
  }
  put_message(answer, text);
  return std::optional<std::size_t>(static_cast<std::size_t>(found - offered.begin()));
}

}  // namespace tp::p2p
