// Bodies of the first token.place's relay routes: from JSON to values, and the exact answers. Pure functions,
// any thread. Strict about types where the original crashed: a field of another type than written there is
// refused with the route's own 400. Unknown fields are ignored. No input is repeated in any error.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "relaycore/v1_types.hpp"

namespace tp::relaycore {

enum class v1_route {
  next_server,
  faucet,
  sink,
  source,
  retrieve,
  unregister,
  stream_source,
  stream_retrieve
};

// The route of a path, "/faucet"; nullopt for any other. All are POST but /next_server, which is GET.
std::optional<v1_route> find_v1_route(std::string_view path);
std::string_view method_of(v1_route route);
// How much of a body to read.
std::size_t body_bytes_max(v1_route route);

// Parsers. Errors are for v1_refusal below: too_large; invalid_argument (the route's usual 400);
// field_invalid for the one other 400 of /sink (batch size) and /faucet (stream without client key).
result<v1_request> parse_v1_faucet(std::string_view body);
result<v1_poll> parse_v1_sink(std::string_view body);
result<v1_answer> parse_v1_source(std::string_view body);
result<v1_chunk> parse_v1_stream_source(std::string_view body);
// /retrieve, /stream/retrieve: the client's key. /unregister: the node's.
result<std::string> parse_v1_key(v1_route route, std::string_view body);

// "Prefer: wait=N" (RFC 7240) or "?wait=N": how long a /retrieve or /sink may wait, at most
// limits::v1_wait_max. Zero if neither is there or readable. `prefer` is the field's value, empty if absent;
// `query` is without its '?'.
std::chrono::seconds v1_wait(std::string_view prefer, std::string_view query);

// An answer: always JSON.
struct v1_reply {
  int status = 200;
  std::string body;
};

v1_reply v1_next_server_reply(const std::optional<std::string>& server_key);
v1_reply v1_faucet_reply();
v1_reply v1_sink_reply(const v1_poll& asked, const v1_poll_answer& told);
v1_reply v1_source_reply();
v1_reply v1_retrieve_reply(const std::optional<v1_sealed>& answer);
enum class v1_removed { no, yes };
v1_reply v1_unregister_reply(v1_removed removed);
v1_reply v1_stream_source_reply(v1_end end);
v1_reply v1_stream_retrieve_reply(const std::optional<v1_chunks>& chunks);

// Any failure of a parser, of the mailbox or of the caller (permission_denied: no or a wrong
// X-Relay-Server-Token), as this route answers it. 413, 429 and 503, which the original did not have, are in
// OpenAI's shape.
v1_reply v1_refusal(v1_route route, errc failure);

}  // namespace tp::relaycore
