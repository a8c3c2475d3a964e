#include "net/dial.hpp"

#include <utility>
#include <vector>

#include "async/event.hpp"
#include "base/limits.hpp"
#include "net/tls.hpp"

namespace tp::net {

namespace {

using endpoints = std::vector<asio::ip::tcp::endpoint>;

// The system's look-up cannot be interrupted: whoever stops waiting leaves it to its handler.
struct lookup {
  explicit lookup(const asio::any_io_executor& executor) : resolver(executor), done(executor) {}
  asio::ip::tcp::resolver resolver;
  async::event done;
  bool answered = false;
  bool expired = false;
  endpoints found;
};

task<endpoints> resolve(std::string host, std::uint16_t port, async::deadline until) {
  const auto executor = co_await asio::this_coro::executor;
  error_code not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) co_return endpoints(1, asio::ip::tcp::endpoint(address, port));
  if (host == "localhost") {
    endpoints both;
    both.emplace_back(asio::ip::address_v4::loopback(), port);
    both.emplace_back(asio::ip::address_v6::loopback(), port);
    co_return both;
  }
  const auto asked = std::make_shared<lookup>(executor);
  asked->resolver.async_resolve(
      host, std::to_string(port),
      [asked](const error_code& error, const asio::ip::tcp::resolver::results_type& found) {
        asked->answered = true;
        if (!error) asked->found.assign(found.begin(), found.end());
        asked->done.notify();
      });
  auto expire = [asked] {
    asked->expired = true;
    asked->done.notify();
  };
  async::deadline_guard guard(executor, until, expire);
  while (!asked->answered && !asked->expired) {
    const result<void> woken = co_await asked->done.wait();
    if (woken.has_error()) co_return woken.error();
  }
  if (asked->expired) co_return errc::deadline_exceeded;
  if (asked->found.empty()) co_return errc::name_not_resolved;
  co_return asked->found;
}

errc connect_error(const error_code& error) {
  const errc mapped = to_errc(error);
  return mapped == errc::connection_refused || mapped == errc::deadline_exceeded ? mapped : errc::io_error;
}

task<std::unique_ptr<connection>> connect(asio::ip::tcp::endpoint to, async::deadline until) {
  const auto executor = co_await asio::this_coro::executor;
  const auto state = co_await asio::this_coro::cancellation_state;
  if (async::is_cancelled(state)) co_return errc::cancelled;
  asio::ip::tcp::socket socket(executor);
  auto give_up = [&socket] {
    error_code ignored;
    socket.close(ignored);
  };
  async::deadline_guard guard(executor, until, give_up);
  const auto connected = co_await socket.async_connect(to, async::as_tuple);
  if (async::is_cancelled(state)) co_return errc::cancelled;
  if (guard.expired()) co_return errc::deadline_exceeded;
  if (std::get<0>(connected)) co_return connect_error(std::get<0>(connected));
  co_return std::make_unique<connection>(std::move(socket));
}

}  // namespace

task<std::unique_ptr<connection>> dial(codec::url to, const tls_client* tls, async::deadline until) {
  const bool secure = codec::is_secure(to);
  if (secure && tls == nullptr) co_return errc::invalid_argument;
  const result<endpoints> candidates = co_await resolve(to.host, to.port, until);
  if (candidates.has_error()) co_return candidates.error();
  errc failure = errc::name_not_resolved;
  for (std::size_t i = 0; i < candidates->size(); ++i) {
    const bool last = i + 1 == candidates->size();
    const async::deadline one_try = async::deadline::after(limits::dial_try_time).earlier(until);
    auto connected = co_await connect((*candidates)[i], last ? until : one_try);
    if (connected.has_error()) {
      failure = to_errc(connected.error());
      if (failure == errc::cancelled || until.passed()) break;
      continue;
    }
    if (secure) {
      const result<void> started = co_await (*connected)->start_tls(*tls, to.host, until);
      if (started.has_error()) co_return started.error();
    }
    co_return std::move(*connected);
  }
  co_return failure;
}

}  // namespace tp::net
