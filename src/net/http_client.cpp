#include "net/http_client.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <list>
#include <utility>

#include "net/dial.hpp"
#include "net/http_call.hpp"

namespace tp::net {

namespace {

bool may_be_sent_again(const http_request& request) {
  return request.again == repeat::harmless || request.method == "GET" || request.method == "HEAD";
}

}  // namespace

// Kept connections, newest last. Shared with the responses that will give theirs back.
struct http_client::pool : std::enable_shared_from_this<http_client::pool> {
  struct kept {
    std::unique_ptr<connection> link;
    std::unique_ptr<async::deadline_guard> expiry;
  };

  pool(asio::any_io_executor loop, const http_client_settings& with)
      : executor(std::move(loop)), settings(with) {}

  void put(std::unique_ptr<connection> link) {
    if (closed || settings.idle_connections_max == 0) return;
    if (idle.size() == settings.idle_connections_max) idle.pop_front();
    const connection* which = link.get();
    // Neither callback may destroy the connection it comes from: that happens in a later turn of the loop.
    auto drop_later = [weak = weak_from_this(), which] {
      if (const auto self = weak.lock()) asio::post(self->executor, [self, which] { self->drop(which); });
    };
    const auto until = async::deadline::after(settings.idle_time);
    link->on_peer_gone(drop_later);
    idle.push_back({std::move(link), std::make_unique<async::deadline_guard>(executor, until, drop_later)});
  }

  void drop(const connection* which) {
    idle.remove_if([which](const kept& one) { return one.link.get() == which; });
  }

  // One that still looks alive, or none.
  std::unique_ptr<connection> take() {
    while (!idle.empty()) {
      std::unique_ptr<connection> link = std::move(idle.back().link);
      idle.pop_back();
      link->on_peer_gone({});
      std::array<std::uint8_t, 1> byte{};
      if (link->try_read(byte).status == io_status::would_block) return link;
    }
    return nullptr;
  }

  asio::any_io_executor executor;
  http_client_settings settings;
  std::list<kept> idle;
  bool closed = false;
};

http_client::http_client(const asio::any_io_executor& executor, codec::url origin, const tls_client* tls,
                         services& with, const http_client_settings& settings)
    : origin_(std::move(origin)),
      tls_(tls),
      settings_(settings),
      log_(with.log),
      pool_(std::make_shared<pool>(executor, settings)) {}

http_client::~http_client() {
  pool_->closed = true;
  pool_->idle.clear();
}

std::size_t http_client::idle_connections() const { return pool_->idle.size(); }

void http_client::close_idle() { pool_->idle.clear(); }

task<std::unique_ptr<http_response>> http_client::send(http_request request, async::deadline until) {
  const auto pool = pool_;
  const std::string host = codec::host_field(origin_);
  const auto keep = [weak = std::weak_ptr(pool)](std::unique_ptr<async::byte_stream> stream) {
    std::unique_ptr<connection> link(static_cast<connection*>(stream.release()));
    if (const auto home = weak.lock()) home->put(std::move(link));
  };
  while (true) {
    std::unique_ptr<connection> link = pool->take();
    const bool reused = link != nullptr;
    if (!reused) {
      const auto connect_until = async::deadline::after(settings_.connect_time).earlier(until);
      auto dialled = co_await dial(origin_, tls_, connect_until);
      if (dialled.has_error()) co_return dialled.error();
      link = std::move(*dialled);
    }
    auto call = std::make_unique<http_call_state>(std::move(link), until, after_request::keep_open);
    call->keep_with(keep);
    const result<void> started = co_await call->start(request, host);
    if (started.has_value()) co_return std::make_unique<http_response>(std::move(call));
    const errc error = to_errc(started.error());
    const bool stale = error == errc::connection_closed || error == errc::connection_reset;
    if (reused && stale && call->untouched() && may_be_sent_again(request)) {
      log_.debug("http_dead_connection_replaced");
      pool->idle.clear();  // its neighbours are as old: the second try dials
      continue;
    }
    co_return error;
  }
}

}  // namespace tp::net
