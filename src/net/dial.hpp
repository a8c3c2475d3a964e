// Opens a connection to where a URL points: look up, connect to each address in turn, TLS for https and wss.
#pragma once

#include <memory>

#include "async/deadline.hpp"
#include "codec/url.hpp"
#include "net/connection.hpp"

namespace tp::net {

// `tls` may be null for http and ws; with https or wss that is invalid_argument. Must outlive the connection.
// Errors: name_not_resolved, connection_refused, deadline_exceeded, tls_failed, cancelled, io_error.
// Cancellation leaves nothing open.
task<std::unique_ptr<connection>> dial(codec::url to, const tls_client* tls, async::deadline until);

}  // namespace tp::net
