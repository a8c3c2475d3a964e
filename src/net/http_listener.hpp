// An HTTP server on a port: listener, TLS, connections, and their end in good order.
// Owned by a program's composition. run() is spawned once; stop accepting, drain, cancel and join happen in
// it.
#pragma once

#include <functional>
#include <memory>

#include "async/deadline.hpp"
#include "async/task_scope.hpp"
#include "net/http_server.hpp"
#include "net/listener.hpp"
#include "net/tls.hpp"

namespace tp::net {

// What a connection may become on this port, instead of another answer.
struct http_upgrade {
  // Whether a request asks for it, and may have it. Empty: there is nothing else here.
  std::function<bool(const codec::http_head&)> wanted;
  // Has the connection from then on, and what was read of it: that request's whole head and what came after.
  // Draining waits for it to return, and cancels it in the end.
  std::function<asio::awaitable<void>(std::unique_ptr<connection>, bytes)> take;
};

class http_listener {
 public:
  // Binds now, so that a port in use is known before anything starts. `tls` may be null; it, the handler's
  // captures and the services outlive the listener. Errors as listener::open.
  static result<std::unique_ptr<http_listener>> open(const asio::any_io_executor& executor,
                                                     const listen_settings& where, http_handler handler,
                                                     const http_server_settings& settings,
                                                     const tls_server* tls, services& with,
                                                     http_upgrade upgrade = {});

  std::uint16_t port() const { return listener_->port(); }
  std::size_t connections() const { return scope_.live(); }

  // Serves until drain() has finished or it is cancelled (then connections are cut). Returns with nothing
  // left running.
  asio::awaitable<void> run();
  // Stops accepting, closes idle connections, lets requests finish until the deadline, then cancels them.
  // Ends when all are gone. Cancelling it cuts the wait short.
  asio::awaitable<void> drain(async::deadline until);

 private:
  http_listener(std::unique_ptr<listener> listening, http_handler handler,
                const http_server_settings& settings, const tls_server* tls, services& with,
                http_upgrade upgrade, const asio::any_io_executor& executor);
  asio::awaitable<void> serve(std::unique_ptr<connection> accepted);
  asio::awaitable<void> refuse(std::unique_ptr<connection> accepted);
  void on_accepted(std::unique_ptr<connection> accepted);

  std::unique_ptr<listener> listener_;
  http_handler handler_;
  http_server_settings settings_;
  const tls_server* tls_;
  services& services_;
  http_upgrade upgrade_;
  http_drain drain_;
  async::task_scope scope_;
};

}  // namespace tp::net
