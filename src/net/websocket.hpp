// WebSocket (RFC 6455) as a byte_stream: each write() is one binary message, reading returns payload as it
// comes and does not show where messages begin. One code for plain and TLS connections, both roles. Owned
// like any byte_stream. Refused: text messages (closed with 1003), messages over
// limits::websocket_message_max (1009), compression, sub-protocols. Pings are answered while somebody reads.
// The path is free; the caller routes.
#pragma once

#include <memory>

#include "async/byte_stream.hpp"
#include "async/deadline.hpp"
#include "codec/url.hpp"
#include "net/connection.hpp"

namespace tp::net {

// Server side. `already_read` is what was read of the upgrade request: its whole head, and any bytes after
// it. Answers 101, or 400/426 when the request is no valid upgrade (then invalid_http). Errors: invalid_http,
// deadline_exceeded, connection_reset, cancelled. The connection is closed on any error.
task<std::unique_ptr<async::byte_stream>> accept_websocket(std::unique_ptr<connection> on, bytes already_read,
                                                           async::deadline until);

// Client side: dials (see dial.hpp for its errors) a ws or wss URL and upgrades.
// invalid_http: the server did not agree to upgrade.
task<std::unique_ptr<async::byte_stream>> dial_websocket(codec::url to, const tls_client* tls,
                                                         async::deadline until);

}  // namespace tp::net
