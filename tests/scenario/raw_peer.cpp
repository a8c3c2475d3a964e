#include "scenario/raw_peer.hpp"

#include <algorithm>

#include "net/websocket.hpp"

namespace tp::scenario {

namespace {

constexpr auto patience = 15s;

async::task<std::unique_ptr<async::byte_stream>> accept_upgrade(std::unique_ptr<net::connection> on) {
  bytes head, buffer(4'096);
  while (as_chars(head).find("\r\n\r\n") == std::string_view::npos) {
    const auto size = co_await on->read_some(buffer);
    if (!size) co_return size.error();
    if (*size == 0) co_return errc::connection_closed;
    append(head, bytes_view(buffer).first(*size));
  }
  const async::deadline until = async::deadline::after(patience);
  auto stream = co_await net::accept_websocket(std::move(on), std::move(head), until);
  co_return stream;
}

}  // namespace

frames& frames::add(p2p::yamux_type type, unsigned flags, std::uint32_t stream, std::uint32_t length,
                    std::string_view payload) {
  append(all_, bytes_view(p2p::encode({type, static_cast<std::uint16_t>(flags), stream, length})));
  return raw(payload);
}

frames& frames::data(unsigned flags, std::uint32_t stream, std::string_view payload) {
  return add(p2p::yamux_type::data, flags, stream, static_cast<std::uint32_t>(payload.size()), payload);
}

frames& frames::raw(std::string_view input) {
  append(all_, as_bytes(input));
  return *this;
}

raw_peer::raw_peer(asio::io_context& loop, std::unique_ptr<async::byte_stream> stream, p2p::role as,
                   std::uint64_t seed)
    : loop_(loop),
      own_(seed),
      identity_(crypto::ed25519_key::generate(own_.random)),
      stream_(std::move(stream)),
      writing_(loop.get_executor()) {
  const async::deadline_guard guard(loop.get_executor(), async::deadline::after(patience),
                                    [this] { stream_->reset(); });
  auto made = async::run(loop, upgrade(as));
  EXPECT_TRUE(made.has_value());
  if (!made) return;
  upgraded_ = std::move(*made);
  plain_ = std::move(upgraded_->early);
  input_ = std::move(upgraded_->rest);
}

std::unique_ptr<raw_peer> raw_peer::dial(asio::io_context& loop, std::uint16_t port, std::uint64_t seed) {
  asio::ip::tcp::socket socket(loop);
  error_code failed;
  socket.connect({asio::ip::address_v4::loopback(), port}, failed);
  EXPECT_FALSE(failed);
  return std::make_unique<raw_peer>(loop, std::make_unique<net::connection>(std::move(socket)),
                                    p2p::role::dialer, seed);
}

raw_peer::~raw_peer() {
  stream_->reset();
  writing_.cancel();
  async::run(loop_, writing_.join());
}

async::task<p2p::upgraded> raw_peer::upgrade(p2p::role as) {
  p2p::upgrade machine(as, identity_, std::nullopt, own_.random);
  bytes out, buffer(16U << 10);
  machine.start(out);
  for (;;) {  // ended by the guard of the constructor
    const auto written = co_await stream_->write(out);
    if (!written) co_return written.error();
    out.clear();
    if (machine.done()) co_return machine.take();
    const auto size = co_await stream_->read_some(buffer);
    if (!size) co_return size.error();
    if (*size == 0) co_return errc::connection_closed;
    const auto understood = machine.on_bytes(bytes_view(buffer).first(*size), out);
    if (!understood) co_return understood.error();
  }
}

void raw_peer::send(const frames& what) {
  p2p::frame_buffer plain;
  plain.append(what.all());
  enqueue(upgraded_->session.sealer.seal(plain));
}

void raw_peer::enqueue(bytes_view data) {
  output_.emplace_back(data.begin(), data.end());
  if (!std::exchange(sending_, true)) writing_.spawn([](raw_peer* self) { return self->write_all(); }, this);
}

asio::awaitable<void> raw_peer::write_all() {
  while (!output_.empty()) {
    const bytes data = std::move(output_.front());
    output_.pop_front();
    const auto written = co_await stream_->write(data);
    if (!written) co_return;  // a peer that closed meanwhile is what the tests want
  }
  sending_ = false;
}

async::task<std::size_t> raw_peer::read_more() {
  bytes buffer(64U << 10);
  const auto size = co_await stream_->read_some(buffer);
  if (!size) co_return size.error();
  if (*size == 0) co_return errc::connection_closed;
  append(input_, bytes_view(buffer).first(*size));
  co_return *size;
}

async::task<void> raw_peer::read_to_end() {
  for (;;) {
    const auto more = co_await read_more();
    if (!more) co_return more.error();
    input_.clear();
  }
}

async::task<void> raw_peer::read_to(bytes_view part) {
  while (std::ranges::search(plain_, part).empty()) {
    const std::size_t size = p2p::noise_message_size(input_);
    if (size == 0) {
      const auto more = co_await read_more();
      if (!more) co_return more.error();
      continue;
    }
    const auto opened = upgraded_->session.opener.open(bytes_span(input_).subspan(2, size - 2));
    if (!opened) co_return opened.error();
    append(plain_, *opened);
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(size));
  }
  co_return async::success();
}

bool raw_peer::ended() {
  const async::deadline_guard guard(loop_.get_executor(), async::deadline::after(patience),
                                    [this] { stream_->reset(); });
  const auto end = async::run(loop_, read_to_end());
  return end.has_error() && !guard.expired();
}

bool raw_peer::read_until(bytes_view part) {
  const async::deadline_guard guard(loop_.get_executor(), async::deadline::after(patience),
                                    [this] { stream_->reset(); });
  return async::run(loop_, read_to(part)).has_value();
}

raw_listener::raw_listener(asio::io_context& loop) : loop_(loop), running_(loop.get_executor()) {
  auto made = net::listener::open(loop.get_executor(), {});
  EXPECT_TRUE(made.has_value());
  listener_ = std::move(*made);
  running_.spawn(
      [](raw_listener* self) -> asio::awaitable<void> {
        std::function<void(std::unique_ptr<net::connection>)> keep =
            [self](std::unique_ptr<net::connection> one) { self->waiting_.push_back(std::move(one)); };
        const auto ended = co_await self->listener_->run(std::move(keep));
        static_cast<void>(ended);
      },
      this);
}

raw_listener::~raw_listener() {
  listener_->close();
  running_.cancel();
  async::run(loop_, running_.join());
}

codec::url raw_listener::url() const {
  return *codec::parse_url("http://127.0.0.1:" + std::to_string(listener_->port()));
}

std::unique_ptr<raw_peer> raw_listener::accept(std::uint64_t seed) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (waiting_.empty()) {
    if (std::chrono::steady_clock::now() > until) return nullptr;
    loop_.restart();
    loop_.run_one_for(20ms);
  }
  auto socket = std::move(waiting_.front());
  waiting_.pop_front();
  auto stream = async::run(loop_, accept_upgrade(std::move(socket)));
  if (!stream) return nullptr;
  auto made = std::make_unique<raw_peer>(loop_, std::move(*stream), p2p::role::listener, seed);
  return made->is_open() ? std::move(made) : nullptr;
}

}  // namespace tp::scenario
