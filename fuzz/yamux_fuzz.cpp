// A whole mux fed by a peer that may send anything: windows are kept, streams are bounded, callbacks come in
// an order that makes sense, and the pieces in which the input comes make no difference. The user of the
// streams reads, answers, finishes and resets as the input says.
#include <map>
#include <memory>

#include "base/assert.hpp"
#include "libp2p/stream_mux.hpp"

namespace {

using namespace tp;

struct user final : p2p::stream_events {
  void on_data(bytes_view piece) override {
    TP_ASSERT(!over && !piece.empty() && !fin_seen);
    held += piece.size();
    received += piece.size();
    TP_ASSERT(held <= limits::yamux_window);
    if (piece[0] % 4 == 0) return;  // keeps the credit
    mux->consumed(id, held);
    held = 0;
    if (piece[0] % 8 == 1) mux->write(id, piece, SIZE_MAX);
    if (piece[0] % 16 == 2) mux->finish(id);
    if (piece[0] % 32 == 3) {
      over = true;
      mux->reset(id);
    }
  }
  void on_fin() override {
    TP_ASSERT(!over && !fin_seen);
    fin_seen = true;
  }
  void on_reset(errc) override {
    TP_ASSERT(!over);
    over = true;
  }
  void on_writable() override { TP_ASSERT(!over); }
  p2p::stream_mux* mux = nullptr;
  std::uint32_t id = 0;
  std::size_t held = 0, received = 0;
  bool fin_seen = false, over = false;
};

struct outcome {
  bool good = true;
  std::size_t streams = 0, received = 0;
  bytes sent;
  bool operator==(const outcome&) const = default;
};

outcome feed(bytes_view input, std::size_t piece) {
  seeded_random random(1);
  p2p::frame_buffer out;
  p2p::stream_mux mux(p2p::role::listener, {}, out, random);
  std::map<std::uint32_t, std::unique_ptr<user>> users;
  mux.handle("/http/1.1", [&](std::uint32_t id) {
    auto made = std::make_unique<user>();
    made->mux = &mux;
    made->id = id;
    users[id] = std::move(made);
    return users[id].get();
  });
  user ours;
  ours.mux = &mux;
  const auto opened = mux.open("/http/1.1", as_bytes("hello"), {}, p2p::fin::no, ours);
  ours.id = *opened;
  outcome got;
  for (std::size_t at = 0; at < input.size() && got.good; at += piece)
    got.good = mux.on_bytes(input.subspan(at, std::min(piece, input.size() - at))).has_value();
  TP_ASSERT(mux.open_streams() <= limits::yamux_streams_max + 1);
  got.sent = out.plaintext();
  mux.end(errc::connection_closed);
  TP_ASSERT(mux.open_streams() == 0);
  got.streams = users.size();
  for (const auto& [id, one] : users) got.received += one->received;
  return got;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes_view input(data, size);
  if (size == 0) return 0;
  static_cast<void>(feed(input, 1));
  const outcome whole = feed(input, size);
  TP_ASSERT(whole == feed(input, size));
  return 0;
}
