#include "net/listener.hpp"

#include <utility>

#include "async/deadline.hpp"
#include "base/limits.hpp"

namespace tp::net {

namespace {

result<asio::ip::address> bind_address(const std::string& host) {
  if (host == "localhost") return asio::ip::address(asio::ip::address_v4::loopback());
  error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (error) return errc::invalid_argument;
  return address;
}

bool out_of_resources(const error_code& error) {
  return error == asio::error::no_descriptors || error == asio::error::no_buffer_space ||
         error == asio::error::no_memory || error == boost::system::errc::too_many_files_open_in_system;
}

errc bind_error(const error_code& error) {
  if (error == asio::error::address_in_use) return errc::address_in_use;
  if (error == asio::error::access_denied) return errc::permission_denied;
  if (error == boost::system::errc::address_not_available) return errc::invalid_argument;
  return errc::io_error;
}

}  // namespace

listener::listener(asio::ip::tcp::acceptor acceptor) : acceptor_(std::move(acceptor)) {
  error_code ignored;
  port_ = acceptor_.local_endpoint(ignored).port();
}

result<std::unique_ptr<listener>> listener::open(const asio::any_io_executor& executor,
                                                 const listen_settings& settings) {
  const auto address = bind_address(settings.host);
  if (address.has_error()) return address.error();
  const asio::ip::tcp::endpoint endpoint(*address, settings.port);
  asio::ip::tcp::acceptor acceptor(executor);
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return bind_error(error);
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  acceptor.bind(endpoint, error);
  if (error) return bind_error(error);
  acceptor.listen(settings.backlog, error);
  if (error) return bind_error(error);
  return std::unique_ptr<listener>(new listener(std::move(acceptor)));
}

task<void> listener::run(std::function<void(std::unique_ptr<connection>)> accepted) {
  const auto state = co_await asio::this_coro::cancellation_state;
  while (!closed_) {
    if (async::is_cancelled(state)) co_return errc::cancelled;
    auto got = co_await acceptor_.async_accept(async::as_tuple);
    const error_code error = std::get<0>(got);
    if (!error) {
      accepted(std::make_unique<connection>(std::move(std::get<1>(got))));
      continue;
    }
    if (closed_ || async::is_cancelled(state)) continue;
    if (error == asio::error::bad_descriptor || error == asio::error::invalid_argument)
      co_return errc::io_error;
    if (out_of_resources(error)) co_await async::sleep_for(limits::accept_pause);
  }
  co_return async::success();
}

void listener::close() {
  closed_ = true;
  error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace tp::net
