// What a connection to the relay's port becomes is decided by the head alone: a WebSocket, a sealed request
// or an ordinary one, never two of them, and the same when the head is written again. A libp2p connection
// (its first byte) is no head at all.
#include <algorithm>
#include <memory>
#include <string>

#include "base/assert.hpp"
#include "relay/routes.hpp"

namespace {

using namespace tp;

bool asks_for_websocket(const codec::http_head& head) {
  return std::any_of(head.fields().begin(), head.fields().end(), [](const codec::http_field& each) {
    return codec::same_name(each.name, "upgrade") && codec::list_has_token(each.value, "websocket");
  });
}

void same_when_written_again(const codec::http_head& head) {
  codec::http_fields fields;
  for (const codec::http_field& each : head.fields())
    TP_ASSERT(fields.add(each.name, each.value).has_value());
  std::string text;
  TP_ASSERT(codec::write_request_head(text, head.method(), head.target(), fields).has_value());
  const auto again = std::make_unique<codec::http_head>();
  const auto size = codec::parse_request_head(text, *again);
  if (!size || *size == 0) return;  // HTTP/1.0 becomes 1.1, which demands more
  TP_ASSERT(relay::is_upgrade(head) == relay::is_upgrade(*again));
  TP_ASSERT(relay::is_sealed_route(head) == relay::is_sealed_route(*again));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_chars({data, size});
  const auto head = std::make_unique<codec::http_head>();
  const auto parsed = codec::parse_request_head(text, *head);
  if (!parsed || *parsed == 0) return 0;
  TP_ASSERT(text.front() != 0x13);
  const bool upgrade = relay::is_upgrade(*head), sealed = relay::is_sealed_route(*head);
  TP_ASSERT(!(upgrade && sealed));
  const bool door = head->path() == "/" || head->path() == "/p2p";
  TP_ASSERT(upgrade == (door && head->method() == "GET" && asks_for_websocket(*head)));
  if (sealed) {
    const std::string_view peer = relay::peer_of_sealed_route(*head);
    TP_ASSERT(!peer.empty() && head->path().find(peer) == std::string_view("/api/v2/nodes/").size());
    TP_ASSERT(head->method() == "POST");
  }
  same_when_written_again(*head);
  return 0;
}
