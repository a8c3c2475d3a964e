// Limits that follow from each other.
#include "base/limits.hpp"

namespace tp::limits {

static_assert(record_text_max == (record_bytes_max + 2) / 3 * 4, "base64 of the largest record");
static_assert(piece_bytes_max < chunk_bytes_max, "what is sent must be taken");
static_assert(chunk_bytes_max < request_bytes_max && request_bytes_max <= response_bytes_max);
static_assert(link_silence_max == 3 * link_ping_interval);
static_assert(record_renewal_interval < record_lifetime && record_lifetime.count() <= record_lifetime_max_s);
static_assert(noise_message_max == 65'535 && yamux_frame_bytes_max <= yamux_window);
static_assert(base58_bytes_max * 138 / 100 <= base58_text_max + 2, "log(256) / log(58) is about 1.3658");
static_assert(v1_request_bytes_max / 3 * 4 == 2U << 20, "a request's ciphertext in base64");
static_assert(v1_request_bytes_max < v1_answer_bytes_max && v1_answer_bytes_max / 3 * 4 < json_bytes_max);

static_assert(v1_body_bytes_max <= v1_answer_body_bytes_max && v1_answer_body_bytes_max <= v1_client_bytes_max);
static_assert(v1_client_bytes_max <= v1_address_bytes_max && v1_address_bytes_max <= v1_bytes_max);
static_assert(v1_client_max <= v1_address_max && v1_address_max <= v1_exchanges_max);
static_assert(rsa_pem_bytes_max * 4 / 3 < v1_key_text_max);

}  // namespace tp::limits
