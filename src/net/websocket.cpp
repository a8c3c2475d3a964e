#include "net/websocket.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/limits.hpp"
#include "net/dial.hpp"

namespace tp::net {

namespace beast = boost::beast;

namespace {

// A connection, plain or TLS, as what Beast calls an AsyncStream. Bytes read too early come first.
class beast_layer {
 public:
  using gathered = std::array<asio::const_buffer, 16>;  // a head leaves in one piece, a frame always
  using executor_type = asio::any_io_executor;
  beast_layer(std::unique_ptr<connection> on, bytes early) : link(std::move(on)), early_(std::move(early)) {}
  executor_type get_executor() const { return link->executor(); }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    asio::mutable_buffer first;
    for (const asio::mutable_buffer one : beast::buffers_range_ref(buffers)) {
      if (first.size() == 0) first = one;
    }
    read_op op{this, first};
    if (drained_) op.at = phase::drained;
    return asio::async_compose<Handler, void(error_code, std::size_t)>(op, handler, link->socket());
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    write_op op{this};
    for (const asio::const_buffer one : beast::buffers_range_ref(buffers)) {
      if (op.count < op.from.size() && one.size() > 0) op.from[op.count++] = one;
    }
    return asio::async_compose<Handler, void(error_code, std::size_t)>(op, handler, link->socket());
  }

  std::unique_ptr<connection> link;

 private:
  enum class phase { drained, first_try, waited, decided };
  static constexpr std::size_t small_read_bytes = 1'024;  // after larger ones more has usually come meanwhile

  // Tries, waits for readiness, tries again; never completes inside its own initiation. After a small read
  // that emptied the socket it waits at once: a try would only cost a system call, and the wait looks anyway.
  template <class Op, class Self>
  static void step(Op& op, Self& self, const error_code& error) {
    if (op.at == phase::drained) {
      op.at = phase::waited;
      op.layer->drained_ = false;
      op.layer->link->socket().async_wait(Op::what, std::move(self));
      return;
    }
    if (op.at != phase::decided && !error) {
      op.outcome = op.attempt();
      if (op.outcome.status == io_status::would_block) {
        op.at = phase::waited;
        connection& link = *op.layer->link;
        if (Op::what == asio::socket_base::wait_read && link.holds_bytes()) {
          asio::post(link.executor(), std::move(self));
        } else {
          link.socket().async_wait(Op::what, std::move(self));
        }
        return;
      }
      if (op.at == phase::first_try) {
        op.at = phase::decided;
        const executor_type executor = op.layer->get_executor();
        asio::post(executor, std::move(self));
        return;
      }
    }
    if (error) return self.complete(error, 0);
    const io_outcome outcome = op.outcome;
    if (outcome.status == io_status::end) return self.complete(asio::error::eof, 0);
    if (outcome.status == io_status::failed) return self.complete(asio::error::connection_reset, 0);
    self.complete({}, outcome.bytes);
  }

  struct read_op {
    static constexpr auto what = asio::socket_base::wait_read;
    beast_layer* layer;
    asio::mutable_buffer into;
    phase at = phase::first_try;
    io_outcome outcome{};
    io_outcome attempt() { return layer->take({static_cast<std::uint8_t*>(into.data()), into.size()}); }
    template <class Self>
    void operator()(Self& self, error_code error = {}) {
      step(*this, self, error);
    }
  };

  struct write_op {
    static constexpr auto what = asio::socket_base::wait_write;
    beast_layer* layer;
    gathered from{};
    std::size_t count = 0;
    phase at = phase::first_try;
    io_outcome outcome{};
    io_outcome attempt() { return layer->give(from); }
    template <class Self>
    void operator()(Self& self, error_code error = {}) {
      step(*this, self, error);
    }
  };

  io_outcome take(bytes_span into) {
    if (into.empty()) return {io_status::done};
    if (early_at_ == early_.size()) {
      const io_outcome got = link->try_read(into);
      const bool small = got.status == io_status::done && got.bytes < std::min(into.size(), small_read_bytes);
      drained_ = small && link->short_read_drains();
      return got;
    }
    const std::size_t count = std::min(into.size(), early_.size() - early_at_);
    std::copy_n(early_.begin() + static_cast<std::ptrdiff_t>(early_at_), count, into.begin());
    early_at_ += count;
    if (early_at_ == early_.size()) early_ = {}, early_at_ = 0;
    return {io_status::done, errc::ok, count};
  }

  // A frame's header and its payload leave together: one gathering send, or one TLS record.
  io_outcome give(const gathered& from) {
    if (!link->is_tls()) {
      error_code error;
      const std::size_t sent = link->socket().send(from, 0, error);
      if (!error) return {io_status::done, errc::ok, sent};
      if (error == asio::error::would_block || error == asio::error::interrupted)
        return {io_status::would_block};
      return {io_status::failed, errc::connection_reset};
    }
    std::array<std::uint8_t, limits::tls_record_bytes> record;
    const std::size_t size = asio::buffer_copy(asio::buffer(record), from);
    if (size == 0) return {io_status::done};
    return link->try_write(bytes_view(record).first(size));
  }

  bytes early_;
  std::size_t early_at_ = 0;
  bool drained_ = false;
};

// Beast ends the connection after the close handshake; the rest happens when the stream is destroyed.
template <class Handler>
void async_teardown(beast::role_type, beast_layer& layer, Handler&& handler) {
  error_code ignored;
  layer.link->socket().shutdown(asio::socket_base::shutdown_send, ignored);
  asio::post(layer.get_executor(), beast::bind_front_handler(std::forward<Handler>(handler), error_code{}));
}

void beast_close_socket(beast_layer& layer) { layer.link->reset(); }

using beast_stream = beast::websocket::stream<beast_layer, false>;

class websocket_stream final : public async::byte_stream {
 public:
  websocket_stream(std::unique_ptr<connection> on, bytes early) : ws_(std::move(on), std::move(early)) {
    ws_.binary(true);
    ws_.auto_fragment(false);
    ws_.write_buffer_bytes(limits::websocket_write_bytes);
    ws_.read_message_max(limits::websocket_message_max);
  }

  beast_stream& native() { return ws_; }
  connection& link() { return *ws_.next_layer().link; }

  task<std::size_t> read_some(bytes_span into) override {
    const auto state = co_await asio::this_coro::cancellation_state;
    while (true) {
      if (async::is_cancelled(state)) co_return errc::cancelled;
      const auto got = co_await ws_.async_read_some(asio::buffer(into.data(), into.size()), async::as_tuple);
      if (async::is_cancelled(state)) co_return errc::cancelled;
      if (std::get<0>(got)) co_return end_or_error(std::get<0>(got));
      if (ws_.got_text()) {
        co_await close(beast::websocket::close_code::unknown_data);
        co_return errc::connection_reset;
      }
      if (std::get<1>(got) > 0) co_return std::get<1>(got);
    }
  }

  task<void> write(bytes_view data) override {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (async::is_cancelled(state)) co_return errc::cancelled;
    const auto sent = co_await ws_.async_write(asio::buffer(data.data(), data.size()), async::as_tuple);
    if (async::is_cancelled(state)) co_return errc::cancelled;
    if (std::get<0>(sent)) co_return errc::connection_reset;
    co_return async::success();
  }

  task<void> close_write() override {
    const result<void> closed = co_await close(beast::websocket::close_code::normal);
    co_return closed;
  }

  void reset() noexcept override { link().reset(); }
  void on_peer_gone(std::function<void()> callback) override { link().on_peer_gone(std::move(callback)); }
  asio::any_io_executor executor() override { return link().executor(); }

 private:
  result<std::size_t> end_or_error(const error_code& error) const {
    if (error != beast::websocket::error::closed) return errc::connection_reset;
    const auto code = ws_.reason().code;
    const bool orderly = code == beast::websocket::close_code::none ||
                         code == beast::websocket::close_code::normal ||
                         code == beast::websocket::close_code::going_away;
    if (!orderly) return errc::connection_closed;
    return std::size_t{0};
  }

  // Sends a close frame and waits a little for the peer's.
  task<void> close(beast::websocket::close_code code) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (async::is_cancelled(state)) co_return errc::cancelled;
    auto give_up = [this] { reset(); };
    const auto until = async::deadline::after(limits::websocket_close_time);
    async::deadline_guard guard(executor(), until, give_up);
    const beast::websocket::close_reason reason(code);
    const auto closed = co_await ws_.async_close(reason, async::as_tuple);
    if (async::is_cancelled(state)) co_return errc::cancelled;
    const error_code error = std::get<0>(closed);
    if (error && error != beast::websocket::error::closed) co_return errc::connection_reset;
    co_return async::success();
  }

  beast_stream ws_;
};

}  // namespace

task<std::unique_ptr<async::byte_stream>> accept_websocket(std::unique_ptr<connection> on, bytes already_read,
                                                           async::deadline until) {
  beast::http::request_parser<beast::http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits::http_head_bytes_max));
  error_code malformed;
  const std::size_t used = parser.put(asio::buffer(already_read), malformed);
  if (malformed == beast::http::error::need_more) malformed = {};
  if (malformed || !parser.is_header_done()) co_return errc::invalid_http;
  already_read.erase(already_read.begin(), already_read.begin() + static_cast<std::ptrdiff_t>(used));

  const auto state = co_await asio::this_coro::cancellation_state;
  if (async::is_cancelled(state)) co_return errc::cancelled;
  auto stream = std::make_unique<websocket_stream>(std::move(on), std::move(already_read));
  auto give_up = [raw = stream.get()] { raw->reset(); };
  async::deadline_guard guard(stream->executor(), until, give_up);
  const auto accepted = co_await stream->native().async_accept(parser.get(), async::as_tuple);
  if (async::is_cancelled(state)) co_return errc::cancelled;
  const error_code error = std::get<0>(accepted);
  if (guard.expired()) co_return errc::deadline_exceeded;
  if (error == asio::error::connection_reset || error == asio::error::eof) co_return errc::connection_reset;
  if (error) co_return errc::invalid_http;
  co_return stream;
}

task<std::unique_ptr<async::byte_stream>> dial_websocket(codec::url to, const tls_client* tls,
                                                         async::deadline until) {
  auto dialled = co_await dial(to, tls, until);
  if (dialled.has_error()) co_return dialled.error();
  const auto state = co_await asio::this_coro::cancellation_state;
  if (async::is_cancelled(state)) co_return errc::cancelled;
  auto stream = std::make_unique<websocket_stream>(std::move(*dialled), bytes{});
  auto give_up = [raw = stream.get()] { raw->reset(); };
  async::deadline_guard guard(stream->executor(), until, give_up);
  const std::string host = codec::host_field(to);
  const auto agreed = co_await stream->native().async_handshake(host, to.target, async::as_tuple);
  if (async::is_cancelled(state)) co_return errc::cancelled;
  const error_code error = std::get<0>(agreed);
  if (guard.expired()) co_return errc::deadline_exceeded;
  if (error == asio::error::connection_reset || error == asio::error::eof) co_return errc::connection_reset;
  if (error) co_return errc::invalid_http;
  co_return stream;
}

}  // namespace tp::net
