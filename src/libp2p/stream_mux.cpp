#include "libp2p/stream_mux.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"

namespace tp::p2p {

using use = stream_slot::use;

stream_mux::stream_mux(role as, identify_message about_us, frame_buffer& out, random_source& random)
    : about_us_(std::move(about_us)), random_(random), yamux_(as, out, *this) {
  handle(std::string(identify_protocol), {});
  handle(std::string(ping_protocol), {});
}

void stream_mux::handle(std::string protocol, stream_handler handler) {
  TP_ASSERT(std::ranges::find(offered_, protocol) == offered_.end());
  handlers_.push_back({protocol, multistream_proposal(protocol), std::move(handler)});
  offered_.push_back(std::move(protocol));
}

result<void> stream_mux::on_bytes(bytes_view input) {
  const result<void> read = yamux_.on_bytes(input);
  if (!read) yamux_.go_away(yamux_end::protocol_error);
  return read;
}

bytes_view stream_mux::proposal_of(std::string_view name) {
  for (const protocol& known : proposed_)
    if (known.name == name) return known.proposal;
  proposed_.push_back({std::string(name), multistream_proposal(name), {}});
  return proposed_.back().proposal;
}

result<std::uint32_t> stream_mux::open(std::string_view protocol, bytes_view first, bytes_view second,
                                       fin end, stream_events& events) {
  if (go_away_received_) return errc::connection_closed;
  const bytes_view proposal = proposal_of(protocol);
  if (first.size() + second.size() > limits::yamux_window - proposal.size()) return errc::too_large;
  const result<yamux_stream*> opened = yamux_.open({proposal, first, second}, end);
  if (!opened) return opened.error();
  yamux_stream& stream = **opened;
  stream.slot.initiator = multistream_initiator(proposal);
  stream.slot.now = use::proposing;
  stream.slot.written = first.size() + second.size() > 0;
  count(stream, events);
  return stream.id;
}

void stream_mux::count(yamux_stream& stream, stream_events& events) {
  stream.slot.events = &events;
  stream.slot.counted = true;
  ++open_;
  peak_ = std::max(open_ * peak_unit, peak_ > 0 ? peak_ - 1 : 0);
}

std::size_t stream_mux::window(const yamux_stream& stream) const {
  if (stream.fin_sent || stream.over) return 0;
  return stream.send_window - std::min<std::size_t>(stream.send_window, stream.slot.answer_due.size());
}

std::size_t stream_mux::send_window(std::uint32_t id) {
  const yamux_stream* stream = yamux_.find(id);
  return stream == nullptr || stream->slot.events == nullptr ? 0 : window(*stream);
}

bool stream_mux::has_written(std::uint32_t id) {
  const yamux_stream* stream = yamux_.find(id);
  return stream != nullptr && stream->slot.written;
}

std::size_t stream_mux::write(std::uint32_t id, bytes_view data, std::size_t room) {
  yamux_stream* stream = yamux_.find(id);
  if (stream == nullptr || stream->slot.events == nullptr || data.empty()) return 0;
  const std::size_t taken = std::min({data.size(), window(*stream), room});
  if (taken < data.size()) stream->slot.wants_write = true;
  if (taken == 0) return 0;
  stream->slot.written = true;
  write_with_answer(*stream, data.first(taken), fin::no);
  return taken;
}

void stream_mux::write_with_answer(yamux_stream& stream, bytes_view data, fin end) {
  const bytes_view answer = std::exchange(stream.slot.answer_due, {});
  if (!answer.empty()) --answers_due_;
  yamux_.write(stream, {answer, data}, end);
}

void stream_mux::finish(std::uint32_t id) {
  yamux_stream* stream = yamux_.find(id);
  if (stream != nullptr) write_with_answer(*stream, {}, fin::yes);
}

void stream_mux::reset(std::uint32_t id) {
  yamux_stream* stream = yamux_.find(id);
  if (stream != nullptr) yamux_.reset(*stream);
}

void stream_mux::abandon(std::uint32_t id) {
  yamux_stream* stream = yamux_.find(id);
  if (stream == nullptr) return;
  stream->slot.events = nullptr;
  stream->slot.wants_write = false;
  stream->slot.now = use::discard;
}

void stream_mux::consumed(std::uint32_t id, std::size_t size) {
  yamux_stream* stream = yamux_.find(id);
  if (stream != nullptr) yamux_.consumed(*stream, size);
}

void stream_mux::relieve() {
  yamux_.for_each([this](yamux_stream& stream) { on_window(stream); });
}

void stream_mux::ping() {
  if (probe_ != 0 || go_away_received_) return;
  std::array<std::uint8_t, ping_bytes> payload{};
  random_.fill(payload);
  const bytes_view proposal = proposal_of(ping_protocol);
  const result<yamux_stream*> opened = yamux_.open({proposal, payload}, fin::no);
  if (!opened) return;
  (*opened)->slot.initiator = multistream_initiator(proposal);
  (*opened)->slot.now = use::proposing;
  probe_ = (*opened)->id;
  probe_received_ = 0;
}

void stream_mux::end(errc reason) { yamux_.end(reason); }

void stream_mux::on_stream(yamux_stream& stream) { stream.slot.now = use::answering; }

void stream_mux::on_data(yamux_stream& stream, bytes_view piece) {
  switch (stream.slot.now) {
    case use::proposing:
      on_answer(stream, piece);
      break;
    case use::answering:
      on_proposals(stream, piece);
      break;
    case use::application:
      stream.slot.events->on_data(piece);
      break;
    case use::echo:
      echo(stream, piece);
      break;
    case use::probe:
      yamux_.consumed(stream, piece.size());
      probe_received_ += piece.size();
      if (probe_received_ < ping_bytes) break;
      probe_ = 0;
      stream.slot.now = use::discard;
      yamux_.write(stream, {}, fin::yes);
      break;
    case use::discard:
      if (stream.slot.counted) {
        yamux_.reset(stream);  // abandoned: its answer was complete
      } else {
        yamux_.consumed(stream, piece.size());
      }
      break;
  }
}

void stream_mux::on_answer(yamux_stream& stream, bytes_view piece) {
  const result<std::size_t> used = stream.slot.initiator.on_bytes(piece);
  if (!used) {
    refuse(stream);
    return;
  }
  yamux_.consumed(stream, *used);
  if (!stream.slot.initiator.accepted()) return;
  stream.slot.now = stream.slot.events != nullptr ? use::application : use::probe;
  const bytes_view rest = piece.subspan(*used);
  if (!rest.empty()) on_data(stream, rest);
}

void stream_mux::on_proposals(yamux_stream& stream, bytes_view piece) {
  scratch_.clear();
  const auto step = stream.slot.listener.on_bytes(piece, offered_, scratch_);
  if (!step) {
    yamux_.reset(stream);
    return;
  }
  yamux_.consumed(stream, step->used);
  if (stream.fin_sent) return;
  const bytes_view proposal = step->accepted ? bytes_view(handlers_[*step->accepted].proposal) : bytes_view();
  const bool whole_answer = step->accepted && std::ranges::equal(scratch_, proposal);
  if (whole_answer) {
    stream.slot.answer_due = proposal;
    ++answers_due_;
  } else if (!scratch_.empty()) {
    yamux_.write(stream, {scratch_}, fin::no);
  }
  if (!step->accepted) return;
  accept(stream, *step->accepted);
  const bytes_view rest = piece.subspan(step->used);
  const bool peer_waits = rest.empty() || answers_due_ > limits::answers_deferred_max;
  if (!stream.over && peer_waits && !stream.slot.answer_due.empty()) write_with_answer(stream, {}, fin::no);
  if (!stream.over && !rest.empty()) on_data(stream, rest);
}

void stream_mux::accept(yamux_stream& stream, std::size_t index) {
  if (offered_[index] == identify_protocol) {
    send_identify(stream);
  } else if (offered_[index] == ping_protocol) {
    if (echoes_ >= limits::ping_streams_max) {
      yamux_.reset(stream);
      return;
    }
    ++echoes_;
    stream.slot.now = use::echo;
  } else {
    stream.slot.now = use::discard;  // while the handler runs there is nobody to call
    stream_events* events = handlers_[index].handler(stream.id);
    if (stream.over) return;
    if (events == nullptr) {
      yamux_.reset(stream);
      return;
    }
    stream.slot.now = use::application;
    count(stream, *events);
  }
}

void stream_mux::send_identify(yamux_stream& stream) {
  about_us_.protocols = offered_;
  stream.slot.now = use::discard;
  write_with_answer(stream, encode(about_us_), fin::yes);
}

void stream_mux::echo(yamux_stream& stream, bytes_view piece) {
  yamux_.consumed(stream, piece.size());
  if (piece.size() > window(stream)) {
    yamux_.reset(stream);  // it sends but grants us nothing
    return;
  }
  write_with_answer(stream, piece, fin::no);
}

void stream_mux::refuse(yamux_stream& stream) {
  stream_events* events = stream.slot.events;
  yamux_.reset(stream);
  if (events != nullptr) events->on_reset(errc::multistream_rejected);
}

void stream_mux::on_fin(yamux_stream& stream) {
  switch (stream.slot.now) {
    case use::proposing:
      refuse(stream);
      break;
    case use::answering:
      yamux_.reset(stream);
      break;
    case use::application:
      stream.slot.events->on_fin();
      break;
    case use::echo:
    case use::probe:
    case use::discard:
      write_with_answer(stream, {}, fin::yes);
      break;
  }
}

void stream_mux::on_reset(yamux_stream& stream, errc reason) {
  if (stream.slot.events != nullptr) stream.slot.events->on_reset(reason);
}

void stream_mux::on_window(yamux_stream& stream) {
  if (!stream.slot.wants_write || window(stream) == 0) return;
  stream.slot.wants_write = false;
  stream.slot.events->on_writable();
}

void stream_mux::on_closed(yamux_stream& stream) {
  if (!stream.slot.answer_due.empty()) --answers_due_;
  if (stream.slot.counted) --open_;
  if (stream.slot.now == use::echo) --echoes_;
  if (stream.id == probe_) probe_ = 0;
}

void stream_mux::on_go_away(std::uint32_t code) {
  go_away_received_ = true;
  peer_error_ = code != static_cast<std::uint32_t>(yamux_end::normal);
}

}  // namespace tp::p2p
