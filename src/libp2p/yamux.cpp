#include "libp2p/yamux.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"

namespace tp::p2p {
namespace {

// One full frame fills one Noise message, so the receiver can hand it on in one piece.
constexpr std::size_t frame_data_max =
    std::min(limits::yamux_frame_bytes_max, frame_buffer::chunk_max - yamux_header::size);

// Copies the next `size` bytes of several parts, as if they were one.
class part_reader {
 public:
  explicit part_reader(std::initializer_list<bytes_view> parts) : parts_(parts) {}
  void copy(frame_buffer& out, std::size_t size) {
    while (size > 0) {
      const bytes_view part = parts_.begin()[index_];
      const std::size_t taken = std::min(size, part.size() - offset_);
      out.append(part.subspan(offset_, taken));
      size -= taken;
      offset_ += taken;
      if (offset_ == part.size()) {
        ++index_;
        offset_ = 0;
      }
    }
  }

 private:
  std::initializer_list<bytes_view> parts_;
  std::size_t index_ = 0;
  std::size_t offset_ = 0;
};

std::size_t total(std::initializer_list<bytes_view> parts) {
  std::size_t size = 0;
  for (const bytes_view part : parts) size += part.size();
  return size;
}

}  // namespace

yamux::yamux(role as, frame_buffer& out, yamux_events& events)
    : role_(as), out_(out), events_(events), next_id_(as == role::dialer ? 1 : 2) {}

result<void> yamux::on_bytes(bytes_view input) {
  TP_ASSERT(depth_ == 0);
  ++depth_;
  result<void> read;
  while (read && !ended_ && !input.empty()) {
    if (payload_left_ > 0) {
      const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(payload_left_, input.size()));
      const bytes_view piece = input.first(size);
      input = input.subspan(size);
      payload_left_ -= size;
      if (reading_ != nullptr) events_.on_data(*reading_, piece);
      if (payload_left_ == 0) end_of_data();
      continue;
    }
    const std::size_t size = std::min(yamux_header::size - header_size_, input.size());
    std::memcpy(header_bytes_.data() + header_size_, input.data(), size);
    header_size_ += size;
    input = input.subspan(size);
    if (header_size_ < yamux_header::size) break;
    header_size_ = 0;
    read = on_header();
  }
  --depth_;
  graveyard_.clear();
  return read;
}

result<void> yamux::on_header() {
  const result<yamux_header> header = decode_yamux(header_bytes_);
  if (!header) return header.error();
  header_ = *header;
  if (header_.type == yamux_type::ping) return on_ping();
  if (header_.type == yamux_type::go_away) {
    if (header_.stream != 0) return errc::yamux_protocol;
    events_.on_go_away(header_.length);
    return {};
  }
  if (header_.stream == 0) return errc::yamux_protocol;
  yamux_stream* stream = find(header_.stream);
  if (header_.has(yamux_flag::syn)) {
    if (stream != nullptr || ours(header_.stream)) return errc::yamux_protocol;
    const result<yamux_stream*> accepted = accept();
    if (!accepted) return accepted.error();
    stream = *accepted;
  } else if (stream == nullptr && ours(header_.stream) && header_.stream >= next_id_) {
    return errc::yamux_protocol;  // we never opened it
  }
  return on_stream_header(stream);
}

// A stream the peer opens; nullptr when it is refused.
result<yamux_stream*> yamux::accept() {
  if (header_.has(yamux_flag::rst)) return nullptr;
  if (inbound_ >= limits::yamux_streams_max) {
    put(yamux_type::window_update, yamux_flag::rst, header_.stream, 0);
    return nullptr;
  }
  yamux_stream& stream = streams_[header_.stream];
  stream.id = header_.stream;
  stream.ack_due = true;
  ++inbound_;
  events_.on_stream(stream);
  return stream.over ? nullptr : &stream;
}

result<void> yamux::on_stream_header(yamux_stream* stream) {
  if (header_.type == yamux_type::data) {
    payload_left_ = header_.length;
    if (stream != nullptr) {
      if (header_.length > stream->receive_window) return errc::window_exceeded;
      if (header_.length > 0 && stream->fin_received) return errc::yamux_protocol;
      stream->receive_window -= header_.length;
    }
  } else if (stream != nullptr) {
    if (const auto updated = on_window_update(*stream); !updated) return updated;
    if (stream->over) stream = nullptr;
  }
  reading_ = stream;
  if (stream != nullptr && header_.has(yamux_flag::rst)) {
    events_.on_reset(*stream, errc::connection_reset);
    forget(*stream);
  } else if (payload_left_ == 0) {
    end_of_data();
  }
  return {};
}

result<void> yamux::on_window_update(yamux_stream& stream) {
  if (header_.length == 0) return {};
  if (header_.length > UINT32_MAX - stream.send_window) return errc::yamux_protocol;
  stream.send_window += header_.length;
  if (!header_.has(yamux_flag::rst) && !stream.fin_sent) events_.on_window(stream);
  return {};
}

void yamux::end_of_data() {
  yamux_stream* stream = reading_;
  reading_ = nullptr;
  if (stream == nullptr || !header_.has(yamux_flag::fin) || stream->fin_received) return;
  stream->fin_received = true;
  events_.on_fin(*stream);
  close_if_over(*stream);
}

result<void> yamux::on_ping() {
  const bool asks = header_.has(yamux_flag::syn), answers = header_.has(yamux_flag::ack);
  if (header_.stream != 0 || asks == answers) return errc::yamux_protocol;
  if (asks) put(yamux_type::ping, yamux_flag::ack, 0, header_.length);
  return {};  // we ask nothing on this level; the spec does not make an unasked answer an error
}

yamux_stream* yamux::find(std::uint32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

result<yamux_stream*> yamux::open(std::initializer_list<bytes_view> parts, fin end) {
  const std::size_t outbound = streams_.size() - inbound_;
  if (ended_ || outbound >= limits::yamux_streams_max || next_id_ > UINT32_MAX - 2) return errc::too_many;
  if (depth_ == 0) graveyard_.clear();
  const std::uint32_t id = next_id_;
  next_id_ += 2;
  yamux_stream& stream = streams_[id];
  stream.id = id;
  begin_data(id, yamux_flag::syn);  // the bytes join this frame
  write(stream, parts, end);
  return &stream;
}

void yamux::write(yamux_stream& stream, std::initializer_list<bytes_view> parts, fin end) {
  if (stream.over || stream.fin_sent) return;
  std::size_t left = total(parts);
  TP_ASSERT(left <= stream.send_window);
  stream.send_window -= static_cast<std::uint32_t>(left);
  part_reader reader(parts);
  while (left > 0) {
    // Bytes join the stream's frame when that is the last thing queued: fewer frames for the peer to read.
    const bool joins =
        last_stream_ == stream.id && out_.size() == last_at_ + yamux_header::size + last_length_;
    const std::size_t room = joins ? frame_data_max - last_length_ : 0;
    if (room == 0) {
      begin_data(stream.id, first_flags(stream));
      continue;
    }
    const std::size_t size = std::min(left, room);
    grow_last(size);
    reader.copy(out_, size);
    left -= size;
  }
  if (end == fin::no) return;
  // A frame of its own: js-libp2p acts on FIN before it looks at the data of the same frame, and then drops
  // the data if it has closed its own side already.
  put(yamux_type::window_update, first_flags(stream) | yamux_flag::fin, stream.id, 0);
  stream.fin_sent = true;
  close_if_over(stream);
}

void yamux::reset(yamux_stream& stream) {
  if (stream.over) return;
  put(yamux_type::window_update, yamux_flag::rst, stream.id, 0);
  forget(stream);
}

void yamux::consumed(yamux_stream& stream, std::size_t size) {
  if (stream.over || stream.fin_received) return;
  const std::uint64_t owed = std::uint64_t{stream.owed} + size;
  TP_ASSERT(owed <= limits::yamux_window - stream.receive_window);  // nobody consumes what never came
  stream.owed = static_cast<std::uint32_t>(owed);
  if (stream.owed < limits::yamux_window / 2) return;
  put(yamux_type::window_update, first_flags(stream), stream.id, stream.owed);
  stream.receive_window += stream.owed;
  stream.owed = 0;
}

void yamux::go_away(yamux_end code) { put(yamux_type::go_away, 0, 0, static_cast<std::uint32_t>(code)); }

void yamux::end(errc reason) {
  ended_ = true;
  for_each([&](yamux_stream& stream) {
    events_.on_reset(stream, reason);
    forget(stream);
  });
}

void yamux::put(yamux_type type, unsigned flags, std::uint32_t id, std::uint32_t length) {
  last_at_ = out_.size();
  last_stream_ = 0;
  const auto header = encode({type, static_cast<std::uint16_t>(flags), id, length});
  out_.append(header);
}

unsigned yamux::first_flags(yamux_stream& stream) {
  const bool due = std::exchange(stream.ack_due, false);
  return due ? yamux_flag::ack : 0U;
}

void yamux::begin_data(std::uint32_t id, unsigned flags) {
  put(yamux_type::data, flags, id, 0);
  last_stream_ = id;
  last_length_ = 0;
}

void yamux::grow_last(std::size_t size) {
  last_length_ += static_cast<std::uint32_t>(size);
  for (std::size_t i = 0; i < 4; ++i)
    out_.at(last_at_ + 8 + i) = static_cast<std::uint8_t>(last_length_ >> (24 - 8 * i));
}

void yamux::close_if_over(yamux_stream& stream) {
  if (!stream.over && stream.fin_sent && stream.fin_received) forget(stream);
}

void yamux::forget(yamux_stream& stream) {
  if (stream.over) return;
  stream.over = true;
  if (reading_ == &stream) reading_ = nullptr;
  if (!ours(stream.id)) --inbound_;
  events_.on_closed(stream);
  graveyard_.push_back(streams_.extract(stream.id));
}

}  // namespace tp::p2p
