// A listening TCP socket and its accept loop; used by http_listener and, for raw connections, by the relay's
// front. Owned by a server; event loop thread only. Running out of descriptors makes it pause, not spin.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "async/task.hpp"
#include "net/connection.hpp"

namespace tp::net {

struct listen_settings {
  std::string host = "127.0.0.1";  // an address, or "localhost"; never a name to look up
  std::uint16_t port = 0;          // 0: the system chooses, port() tells
  int backlog = 1'024;
};

class listener {
 public:
  // Binds and listens. Errors: address_in_use, permission_denied, invalid_argument (host), io_error.
  static result<std::unique_ptr<listener>> open(const asio::any_io_executor& executor,
                                                const listen_settings& settings);

  std::uint16_t port() const { return port_; }

  // Accepts until close() or cancellation; `accepted` gets each connection (without TLS: the receiver starts
  // it, in its own task). Errors: cancelled, io_error (the listening socket broke).
  task<void> run(std::function<void(std::unique_ptr<connection>)> accepted);
  // No more connections; run() ends with success. The port is free afterwards.
  void close();

 private:
  explicit listener(asio::ip::tcp::acceptor acceptor);
  asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  bool closed_ = false;
};

}  // namespace tp::net
