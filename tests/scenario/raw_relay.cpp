#include "scenario/raw_relay.hpp"

#include "net/websocket.hpp"

namespace tp::scenario {

namespace {

async::task<bytes> read_head(net::connection* from) {
  bytes head;
  bytes piece(4'096);
  while (as_chars(head).find("\r\n\r\n") == std::string_view::npos) {
    const auto size = co_await from->read_some(piece);
    if (!size) co_return size.error();
    if (*size == 0) co_return errc::connection_closed;
    append(head, bytes_view(piece).first(*size));
  }
  co_return head;
}

}  // namespace

raw_relay::raw_relay(asio::io_context& loop, std::uint64_t seed)
    : own(seed),
      loop_(loop),
      identity_(crypto::ed25519_key::generate(own.random)),
      listener_(*net::listener::open(loop.get_executor(), {})),
      door_([this](net::http_exchange& exchange) { return answer(exchange); }),
      tasks_(loop.get_executor()) {
  tasks_.spawn(
      [](raw_relay* self) -> asio::awaitable<void> {
        const auto accepted = [self](std::unique_ptr<net::connection> one) {
          self->tasks_.spawn(
              [](raw_relay* of, std::unique_ptr<net::connection> on) { return of->serve(std::move(on)); },
              self, std::move(one));
        };
        const auto ended = co_await self->listener_->run(accepted);
        static_cast<void>(ended);
      },
      this);
}

raw_relay::~raw_relay() {
  tasks_.cancel();
  async::run(loop_, tasks_.join());
}

codec::url raw_relay::url() const {
  return *codec::parse_url("http://127.0.0.1:" + std::to_string(listener_->port()));
}

asio::awaitable<void> raw_relay::serve(std::unique_ptr<net::connection> accepted) {
  const async::deadline until = async::deadline::after(10s);
  auto head = co_await read_head(accepted.get());
  if (!head) co_return;
  auto stream = co_await net::accept_websocket(std::move(accepted), std::move(*head), until);
  if (!stream) co_return;
  auto session = co_await link::session::handshake(std::move(*stream), link::role::listener, identity_,
                                                   std::nullopt, own.with, until);
  if (!session) co_return;
  session_ = std::move(*session);
  session_->handle(std::string(link::http_protocol), [this](std::uint32_t id) { return on_stream(id); });
  const auto ended = co_await session_->run();
  static_cast<void>(ended);
}

link::stream_events* raw_relay::on_stream(std::uint32_t id) {
  auto stream = std::make_unique<link::stream>(*session_, id);
  link::stream* const events = stream.get();
  const bool started = tasks_.spawn(
      [](raw_relay* self, std::unique_ptr<link::stream> of) -> asio::awaitable<void> {
        const net::http_server_settings how;
        co_await net::serve_http(*of, self->door_, how, self->own.with);
      },
      this, std::move(stream));
  return started ? events : nullptr;
}

asio::awaitable<void> raw_relay::answer(net::http_exchange& exchange) {
  if (exchange.request().method() == "PUT") ++records_;
  if (exchange.request().method() == "DELETE" && never_lets_go) {
    async::event never(loop_.get_executor());
    const auto cancelled = co_await never.wait();
    static_cast<void>(cancelled);
    co_return;
  }
  const auto body = co_await exchange.read_body(1U << 16);
  static_cast<void>(body);
  const codec::http_fields fields{{"Content-Type", "application/json"}};
  const auto sent = co_await exchange.respond(200, fields, as_bytes("{}"));
  static_cast<void>(sent);
}

raw_relay::call& raw_relay::begin(std::string_view first_bytes) {
  call& made = calls.emplace_back();
  tasks_.spawn([](raw_relay* self, call* of, std::string text) { return self->run(of, std::move(text)); },
               this, &made, std::string(first_bytes));
  return made;
}

asio::awaitable<void> raw_relay::run(call* of, std::string first_bytes) {
  auto opened = co_await link::open_http(*session_);
  if (opened) {
    of->stream = std::move(*opened);
    const auto written = co_await of->stream->write(as_bytes(first_bytes));
    bytes piece(4'096);
    for (bool more = written.has_value(); more;) {
      const auto size = co_await of->stream->read_some(piece);
      more = size && *size > 0;
      if (more) of->said.append(as_chars(bytes_view(piece).first(*size)));
    }
  }
  of->over = true;
}

}  // namespace tp::scenario
