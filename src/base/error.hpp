// Every failure of the project, as one enumeration, and result<T> which carries it.
// The text of an error is its enumerator's name: static, never holding input. Names of the sealed API are
// those of E2EE section 9, so that the test vectors can be compared by name. How an error is answered over
// HTTP stands in openai/error_answer; nothing else maps errors to statuses.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <string_view>

namespace tp {

enum class errc {
  ok = 0,

  // The caller's input is wrong; trying again with the same input is useless.
  invalid_argument,
  invalid_base64,
  invalid_hex,
  invalid_base58,
  invalid_varint,
  invalid_utf8,
  invalid_json,
  invalid_url,
  invalid_protobuf,
  invalid_multiaddr,
  invalid_http,
  invalid_sse,
  invalid_configuration,
  too_large,
  too_deep,
  too_many,

  // Node record and directory (E2EE section 2).
  bad_peer_id,
  peer_id_mismatch,
  record_malformed,
  record_too_large,
  bad_signature,
  unsupported_version,
  field_invalid,
  bad_lifetime,
  not_yet_valid,
  expired,
  seq_rollback,
  bad_ohttp_keys,

  // Envelope (E2EE section 6): the request is not authentic, answered in the clear.
  truncated,
  decrypt_failed,
  chunk_too_short,
  bad_enc,
  unknown_key,
  suite_not_allowed,
  chunk_too_large,
  message_too_large,
  too_many_chunks,
  replayed,

  // Inside an authentic envelope (E2EE section 7): answered sealed.
  bhttp_framing,
  bhttp_truncated,
  bhttp_control,
  bhttp_field,
  bhttp_padding,
  bhttp_content_length,
  bhttp_too_large,
  misdirected,
  date_invalid,
  date_out_of_window,
  expectation_failed,
  not_found,
  method_not_allowed,

  // Client side of a sealed call (E2EE section 10).
  not_sealed,

  // libp2p.
  multistream_rejected,
  noise_failed,
  yamux_protocol,
  window_exceeded,

  // Other party or resource; another try later or elsewhere may work.
  node_not_found,
  node_busy,
  node_gone,
  engine_unavailable,
  engine_failed,
  relay_unreachable,
  connection_refused,
  connection_closed,
  connection_reset,
  address_in_use,
  name_not_resolved,
  tls_failed,
  deadline_exceeded,
  stalled,
  cancelled,
  shutting_down,

  // This machine.
  io_error,
  file_not_found,
  permission_denied,
  key_file_invalid,
  crypto_failed,
  internal,
};

// The enumerator's own spelling, e.g. "decrypt_failed".
std::string_view name(errc error) noexcept;

const boost::system::error_category& error_category() noexcept;

inline boost::system::error_code make_error_code(errc error) noexcept {
  return {static_cast<int>(error), error_category()};
}

template <class T>
using result = boost::system::result<T>;
using error_code = boost::system::error_code;

// The errc inside an error_code; foreign codes (sockets, files) are mapped to the nearest of ours.
errc to_errc(const error_code& error) noexcept;

}  // namespace tp

template <>
struct boost::system::is_error_code_enum<tp::errc> : std::true_type {};
