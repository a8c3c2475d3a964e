#include "base/error.hpp"

#include <boost/system/errc.hpp>
#include <string>

namespace tp {

namespace {

class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "token.place"; }
  std::string message(int value) const override { return std::string(tp::name(static_cast<errc>(value))); }
};

}  // namespace

std::string_view name(errc error) noexcept {
  // clang-format off: a table, a line a name
  switch (error) {
    case errc::ok: return "ok";
    case errc::invalid_argument: return "invalid_argument";
    case errc::invalid_base64: return "invalid_base64";
    case errc::invalid_hex: return "invalid_hex";
    case errc::invalid_base58: return "invalid_base58";
    case errc::invalid_varint: return "invalid_varint";
    case errc::invalid_utf8: return "invalid_utf8";
    case errc::invalid_json: return "invalid_json";
    case errc::invalid_url: return "invalid_url";
    case errc::invalid_protobuf: return "invalid_protobuf";
    case errc::invalid_multiaddr: return "invalid_multiaddr";
    case errc::invalid_http: return "invalid_http";
    case errc::invalid_sse: return "invalid_sse";
    case errc::invalid_configuration: return "invalid_configuration";
    case errc::too_large: return "too_large";
    case errc::too_deep: return "too_deep";
    case errc::too_many: return "too_many";
    case errc::bad_peer_id: return "bad_peer_id";
    case errc::peer_id_mismatch: return "peer_id_mismatch";
    case errc::record_malformed: return "record_malformed";
    case errc::record_too_large: return "record_too_large";
    case errc::bad_signature: return "bad_signature";
    case errc::unsupported_version: return "unsupported_version";
    case errc::field_invalid: return "field_invalid";
    case errc::bad_lifetime: return "bad_lifetime";
    case errc::not_yet_valid: return "not_yet_valid";
    case errc::expired: return "expired";
    case errc::seq_rollback: return "seq_rollback";
    case errc::bad_ohttp_keys: return "bad_ohttp_keys";
    case errc::truncated: return "truncated";
    case errc::decrypt_failed: return "decrypt_failed";
    case errc::chunk_too_short: return "chunk_too_short";
    case errc::bad_enc: return "bad_enc";
    case errc::unknown_key: return "unknown_key";
    case errc::suite_not_allowed: return "suite_not_allowed";
    case errc::chunk_too_large: return "chunk_too_large";
    case errc::message_too_large: return "message_too_large";
    case errc::too_many_chunks: return "too_many_chunks";
    case errc::replayed: return "replayed";
    case errc::bhttp_framing: return "bhttp_framing";
    case errc::bhttp_truncated: return "bhttp_truncated";
    case errc::bhttp_control: return "bhttp_control";
    case errc::bhttp_field: return "bhttp_field";
    case errc::bhttp_padding: return "bhttp_padding";
    case errc::bhttp_content_length: return "bhttp_content_length";
    case errc::bhttp_too_large: return "bhttp_too_large";
    case errc::misdirected: return "misdirected";
    case errc::date_invalid: return "date_invalid";
    case errc::date_out_of_window: return "date_out_of_window";
    case errc::expectation_failed: return "expectation_failed";
    case errc::not_found: return "not_found";
    case errc::method_not_allowed: return "method_not_allowed";
    case errc::not_sealed: return "not_sealed";
    case errc::multistream_rejected: return "multistream_rejected";
    case errc::noise_failed: return "noise_failed";
    case errc::yamux_protocol: return "yamux_protocol";
    case errc::window_exceeded: return "window_exceeded";
    case errc::node_not_found: return "node_not_found";
    case errc::node_busy: return "node_busy";
    case errc::node_gone: return "node_gone";
    case errc::engine_unavailable: return "engine_unavailable";
    case errc::engine_failed: return "engine_failed";
    case errc::relay_unreachable: return "relay_unreachable";
    case errc::connection_refused: return "connection_refused";
    case errc::connection_closed: return "connection_closed";
    case errc::connection_reset: return "connection_reset";
    case errc::address_in_use: return "address_in_use";
    case errc::name_not_resolved: return "name_not_resolved";
    case errc::tls_failed: return "tls_failed";
    case errc::deadline_exceeded: return "deadline_exceeded";
    case errc::stalled: return "stalled";
    case errc::cancelled: return "cancelled";
    case errc::shutting_down: return "shutting_down";
    case errc::io_error: return "io_error";
    case errc::file_not_found: return "file_not_found";
    case errc::permission_denied: return "permission_denied";
    case errc::key_file_invalid: return "key_file_invalid";
    case errc::crypto_failed: return "crypto_failed";
    case errc::internal: return "internal";
  }
  // clang-format on
  return "unknown";
}

const boost::system::error_category& error_category() noexcept {
  static const category instance;
  return instance;
}

errc to_errc(const error_code& error) noexcept {
  if (!error) return errc::ok;
  if (error.category() == error_category()) return static_cast<errc>(error.value());
  namespace sys = boost::system::errc;
  const boost::system::error_condition condition = error.default_error_condition();
  if (condition == sys::operation_canceled) return errc::cancelled;
  if (condition == sys::connection_refused) return errc::connection_refused;
  if (condition == sys::connection_reset) return errc::connection_reset;
  if (condition == sys::broken_pipe) return errc::connection_reset;
  if (condition == sys::connection_aborted) return errc::connection_reset;
  if (condition == sys::not_connected) return errc::connection_closed;
  if (condition == sys::timed_out) return errc::deadline_exceeded;
  if (condition == sys::address_in_use) return errc::address_in_use;
  if (condition == sys::no_such_file_or_directory) return errc::file_not_found;
  if (condition == sys::permission_denied) return errc::permission_denied;
  return errc::io_error;
}

}  // namespace tp
