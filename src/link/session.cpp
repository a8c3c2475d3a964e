#include "link/session.hpp"

#include "base/assert.hpp"
#include "link/meters.hpp"
#include "link/session_core.hpp"

namespace tp::link {
namespace {

async::task<void> upgrade_connection(async::byte_stream& stream, p2p::upgrade& machine) {
  bytes out;
  bytes in(handshake_read_bytes);
  machine.start(out);
  for (;;) {
    if (!out.empty()) {
      const result<void> written = co_await stream.write(out);
      if (!written) co_return written.error();
      out.clear();
    }
    if (machine.done()) co_return async::success();
    const auto size = co_await stream.read_some(in);
    if (!size) co_return size.error();
    if (*size == 0) co_return errc::connection_closed;
    const result<void> understood = machine.on_bytes(bytes_view(in).first(*size), out);
    if (!understood) co_return understood.error();
  }
}

// Resets the stream unless it was handed on, whatever way the handshake ends.
class stream_holder {
 public:
  explicit stream_holder(std::unique_ptr<async::byte_stream> stream) : stream_(std::move(stream)) {}
  stream_holder(const stream_holder&) = delete;
  stream_holder& operator=(const stream_holder&) = delete;
  ~stream_holder() {
    if (stream_) stream_->reset();
  }
  async::byte_stream& operator*() { return *stream_; }
  std::unique_ptr<async::byte_stream> release() { return std::move(stream_); }

 private:
  std::unique_ptr<async::byte_stream> stream_;
};

}  // namespace

async::task<std::unique_ptr<session>> session::handshake(std::unique_ptr<async::byte_stream> stream, role as,
                                                         const crypto::ed25519_key& identity,
                                                         std::optional<codec::peer_id> expected,
                                                         services& with, async::deadline until,
                                                         session_settings settings) {
  stream_holder held(std::move(stream));
  async::byte_stream* raw = &*held;
  p2p::upgrade machine(as, identity, expected, with.random);
  const async::deadline_guard guard(raw->executor(), until, [raw] { raw->reset(); });
  const result<void> upgraded = co_await upgrade_connection(*raw, machine);
  const result<void> outcome = guard.outcome(upgraded);
  if (settings.count != nullptr)
    (outcome ? settings.count->handshakes_completed : settings.count->handshakes_failed).add();
  if (!outcome) co_return outcome.error();
  auto made = std::make_unique<core>(held.release(), as, identity, machine.take(), with, std::move(settings));
  co_return std::unique_ptr<session>(new session(std::move(made)));
}

session::session(std::unique_ptr<core> made) : core_(std::move(made)) {}
session::~session() = default;

const codec::peer_id& session::remote() const { return core_->remote; }
asio::any_io_executor session::executor() const { return core_->executor; }
async::task<void> session::run() { return core_->run(); }
void session::close(errc reason) { core_->close(reason); }
bool session::ended() const { return core_->ended; }
std::size_t session::open_streams() const { return core_->mux.open_streams(); }

result<std::uint32_t> session::open(std::string_view protocol, bytes_view first, bytes_view second, fin end,
                                    stream_events& events) {
  if (core_->ended) return errc::connection_closed;
  if (core_->room() < first.size() + second.size()) return errc::node_busy;
  const auto id = core_->mux.open(protocol, first, second, end, events);
  if (id) core_->queued();
  return id;
}

std::size_t session::write(std::uint32_t id, bytes_view data) {
  if (core_->ended) return 0;
  const bool may_wait = core_->mux.has_written(id) && data.size() < limits::piece_bytes_max;
  const std::size_t room = core_->room();
  const std::size_t taken = core_->mux.write(id, data, room);
  if (taken < data.size() && taken == room) core_->starved = true;
  if (taken > 0) core_->queued(may_wait ? core::urgency::may_wait : core::urgency::now);
  return taken;
}

std::size_t session::send_window(std::uint32_t id) const {
  return core_->ended ? 0 : std::min(core_->mux.send_window(id), core_->room());
}

void session::finish(std::uint32_t id) {
  if (core_->ended) return;
  core_->mux.finish(id);
  core_->queued();
}

void session::reset(std::uint32_t id) {
  if (core_->ended) return;
  core_->mux.reset(id);
  core_->queued();
}

void session::abandon(std::uint32_t id) {
  if (!core_->ended) core_->mux.abandon(id);
}

void session::consumed(std::uint32_t id, std::size_t size) {
  if (core_->ended) return;
  core_->mux.consumed(id, size);
  core_->queued();
}

void session::handle(std::string protocol, stream_handler handler) {
  core_->mux.handle(std::move(protocol), std::move(handler));
}

session::batch::batch(session& of) : of_(of) { of_.core_->cork(); }
session::batch::~batch() { of_.core_->uncork(); }

}  // namespace tp::link
