// Every bound of the project, with its unit and its reason. A queue, buffer, map, loop or wait without a name
// here is a bug. docs/PROTOCOL.md quotes the ones other programs can notice; a test compares the two.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tp::limits {

using namespace std::chrono_literals;

// Sealed API (E2EE section 11).
inline constexpr std::size_t request_bytes_max = 8U << 20;    // a vision prompt with several pictures
inline constexpr std::size_t response_bytes_max = 64U << 20;  // far above text, safe for one AES-GCM key
inline constexpr std::size_t chunk_bytes_max = 1U << 20;      // bounds the allocation one length can cause
inline constexpr std::size_t piece_bytes_max = 16'384;        // sent; what every receiver must take
inline constexpr std::size_t chunks_max = 1U << 20;  // one per token at the longest context, with room
inline constexpr std::size_t bhttp_lines_max = 100;  // real requests have under 10
inline constexpr std::size_t bhttp_section_bytes_max = 16'384;  // the same
inline constexpr std::size_t bhttp_informational_max = 256;     // one in 15 s of the longest call
inline constexpr std::size_t bhttp_token_bytes_max = 32;  // method, scheme: registered ones have under 20
inline constexpr std::size_t bhttp_authority_bytes_max = 255;      // the longest DNS name
inline constexpr std::size_t bhttp_path_bytes_max = 2'048;         // ours have under 40
inline constexpr std::size_t record_bytes_max = 16'384;            // 64 models with long names
inline constexpr std::size_t record_text_max = 21'848;             // base64 of record_bytes_max
inline constexpr std::size_t key_list_bytes_max = 4'096;           // two X-Wing keys
inline constexpr std::size_t record_models_max = 64;               // no node serves more
inline constexpr std::size_t record_name_bytes_max = 64;           // one line on a screen
inline constexpr std::size_t model_id_bytes_max = 128;             // the longest in use have about 80
inline constexpr std::size_t model_capabilities_max = 16;          // six are known
inline constexpr std::size_t capability_bytes_max = 32;            // one word
inline constexpr std::int64_t context_length_max = 2'147'483'647;  // tokens; fits 32 bits everywhere
inline constexpr std::int64_t record_concurrency_max = 1'024;  // more requests at once than any engine takes
inline constexpr std::size_t rsa_pem_bytes_max = 4'096;        // a 16,384-bit key
inline constexpr std::size_t rsa_bits_min = 2'048;             // below is within reach of factoring
inline constexpr std::size_t rsa_bits_max = 8'192;  // more makes one stranger's key cost us too much
inline constexpr std::size_t rsa_bits_step = 256;   // the sizes the first token.place took
inline constexpr std::int64_t json_integer_max = 9'007'199'254'740'991;  // 2^53 - 1, exact in JavaScript
inline constexpr std::int64_t record_lifetime_max_s = 86'400;  // a record outlives its node by a day at most
inline constexpr std::int64_t record_skew_s = 60;              // home computers' clocks
inline constexpr std::int64_t date_window_s = 300;             // the same; clients correct themselves once
inline constexpr std::size_t replay_entries_max = 1U << 20;    // up to 97 MiB a key; then it is retired early
inline constexpr std::int64_t key_overlap_s = 120;             // 60 skew, 60 for an upload under way
inline constexpr std::size_t directory_entries_max = 1'000;    // an answer of about 3 MB

// The first token.place's envelope: bytes of ciphertext, before base64.
inline constexpr std::size_t v1_request_bytes_max = 3U << 19;  // 2 MiB in base64: 400,000 tokens of text
inline constexpr std::size_t v1_answer_bytes_max = 4U
                                                   << 19;  // repeats the request's messages, then the answer
inline constexpr std::size_t v1_associated_data_max = 4'096;  // bytes; a name or an id is usual

// HTTP/1.1, everywhere it is spoken.
inline constexpr std::size_t http_head_bytes_max = 16'384;     // request line and fields together
inline constexpr std::size_t http_fields_max = 100;            // the same bound as a sealed section
inline constexpr std::size_t http_target_bytes_max = 4'096;    // a path with a query, far above ours
inline constexpr std::size_t http_chunk_line_max = 256;        // chunk size and extensions
inline constexpr std::size_t sse_event_bytes_max = 1U << 20;   // an event; real ones have under 4 KiB
inline constexpr std::size_t http_plain_body_max = 8U << 20;   // a plain API body: the same as a sealed one
inline constexpr std::size_t http_small_body_max = 64U << 10;  // JSON control messages: records, loads
inline constexpr std::size_t engine_answer_bytes_max = 64U << 20;  // what one request may bring
inline constexpr auto http_head_time = 10s;  // a client that cannot send a head in this is broken
inline constexpr auto http_idle_time = 75s;  // a keep-alive connection without a request
inline constexpr std::size_t http_connections_max = 4'096;   // of one HTTP server (not the relay's front)
inline constexpr std::size_t http_client_idle_max = 16;      // kept connections to one origin
inline constexpr auto http_client_idle_time = 20s;           // below servers' idle times, to lose few races
inline constexpr auto http_connect_time = 10s;               // look-up, TCP and TLS together
inline constexpr auto dial_try_time = 3s;                    // one address of several; the next may answer
inline constexpr auto websocket_close_time = 5s;             // for the peer's close frame
inline constexpr std::size_t http_merge_bytes_max = 65'536;  // head and body joined into one write up to this
inline constexpr auto accept_pause = 100ms;                  // after running out of descriptors
inline constexpr std::size_t websocket_message_max = 4U << 20;    // a link sends some Noise messages
inline constexpr std::size_t websocket_read_bytes = 256U << 10;   // one read of a busy link
inline constexpr std::size_t websocket_write_bytes = 128U << 10;  // masked at once; a busy link's write
inline constexpr std::size_t tls_record_bytes = 16'384;           // RFC 8446 section 5.1
inline constexpr std::size_t child_line_bytes_max = 4'096;        // of a child's output; the rest is cut
inline constexpr auto drain_refused_time = 1s;  // read on after an early refusal (E2EE section 8)
inline constexpr std::size_t drain_refused_bytes = 256U << 10;  // the same

// Text formats.
inline constexpr std::size_t json_bytes_max = 8U << 20;    // the largest body anybody sends us
inline constexpr std::size_t json_depth_max = 32;          // tool schemas nest about 10 deep
inline constexpr std::size_t url_bytes_max = 4'096;        // a target at its limit is refused by HTTP anyway
inline constexpr std::size_t base58_text_max = 256;        // a peer id has 52; the cost is quadratic
inline constexpr std::size_t base58_bytes_max = 187;       // what 256 characters always have room for
inline constexpr std::size_t multiaddr_bytes_max = 1'024;  // two peer ids, two hashes, a long name
inline constexpr std::size_t multiaddr_parts_max = 32;     // the longest real ones have 10

// Relay (E2EE sections 8 and 11): defaults, settable.
inline constexpr auto upload_time = 60s;
inline constexpr auto first_head_time = 120s;
inline constexpr auto silence_time = 60s;
inline constexpr auto call_time = 3'600s;
inline constexpr std::size_t relay_connections_max = 9'000;   // half of the usual 20,000 descriptors
inline constexpr std::size_t link_control_streams_max = 8;    // a node registers, reports, leaves
inline constexpr std::int64_t reported_load_max = 1'000'000;  // of each number; above is nonsense
inline constexpr std::size_t clear_error_bytes_max = 4'096;   // a node's clear error answer

// The first token.place's relay routes (COMPAT): everything they keep is opaque text, and bounded here.
inline constexpr std::size_t v1_body_bytes_max = 1U << 20;  // a request: far above any text conversation
inline constexpr std::size_t v1_answer_body_bytes_max = 2U << 20;  // an answer repeats the whole history
inline constexpr std::size_t v1_key_text_max = 8'192;    // base64 of a PEM of rsa_pem_bytes_max, with room
inline constexpr std::size_t v1_short_text_max = 1'024;  // iv, tag, mode, associated data
inline constexpr std::size_t v1_nodes_max = 1'000;       // polling nodes, as directory_entries_max
inline constexpr std::size_t v1_nodes_per_address_max = 16;  // behind one home's address
inline constexpr std::size_t v1_challenges_max = 1'000;      // proofs under way, as v1_nodes_max
inline constexpr auto v1_challenge_time = 120s;              // a node answers with its next poll
inline constexpr auto v1_ping_interval = 3s;                 // told to an idle polling node
inline constexpr auto v1_ping_after_work = 1s;               // told with work: it polls again when it is done
inline constexpr int v1_pings_missed_max = 3;                // then an idle node is dropped
inline constexpr std::size_t v1_batch_max = 16;              // requests in one answer to /sink
inline constexpr std::size_t v1_exchanges_max = 4'096;       // requests and answers kept, together
inline constexpr std::size_t v1_bytes_max = 128U << 20;      // of all of them
inline constexpr std::size_t v1_queue_max = 64;              // waiting for one node
inline constexpr std::size_t v1_queue_bytes_max = 16U << 20;    // the same
inline constexpr std::size_t v1_client_max = 16;                // of one client key
inline constexpr std::size_t v1_client_bytes_max = 8U << 20;    // the same: four of the largest answers
inline constexpr std::size_t v1_address_max = 128;              // asked for from one address: a school's
inline constexpr std::size_t v1_address_bytes_max = 16U << 20;  // the same
inline constexpr std::size_t v1_chunks_max = 4'096;             // of one stream, not yet fetched
inline constexpr auto v1_queue_time = 120s;                     // first clients give up after 60 s
inline constexpr auto v1_work_time = 900s;                      // a long answer on a slow machine
inline constexpr auto v1_answer_time = 300s;          // kept for its client; a stream: since its last chunk
inline constexpr auto v1_wait_max = 30s;              // a long poll
inline constexpr std::size_t v1_waiting_max = 2'000;  // long polls at once; more are answered now
inline constexpr std::size_t v1_waiting_per_key_max = 16;    // of one client or node; the same
inline constexpr auto v1_expire_interval = 1s;               // looking for what has expired
inline constexpr std::size_t v1_handed_keys_max = 10'000;    // addresses whose node's key is remembered
inline constexpr std::size_t v1_handed_per_address_max = 4;  // a few nodes; the oldest is forgotten
inline constexpr std::size_t server_tokens_max = 64;         // of v1 nodes; an operator has few

// Rate limits and the client's address (CONTRACT).
inline constexpr std::size_t rate_keys_max = 100'000;                 // about 25 MB
inline constexpr auto rate_sweep_interval = 60s;                      // forgetting idle clients
inline constexpr std::int64_t rate_tokens_max = 1'000'000;            // requests in one period
inline constexpr auto rate_period_max = std::chrono::hours(24 * 31);  // the longest period: a month
inline constexpr std::size_t forwarded_hops_max = 32;      // proxies in a row; real chains have three
inline constexpr std::size_t trusted_proxies_max = 1'024;  // networks; a large CDN publishes about 50

// Link (CONTRACT "Link").
inline constexpr auto link_ping_interval = 15s;
inline constexpr auto link_silence_max = 45s;  // three pings
inline constexpr auto link_handshake_time = 10s;
inline constexpr auto link_register_time = 30s;               // for a session to become a node's link
inline constexpr std::size_t links_unregistered_max = 1'024;  // all nodes redial after a relay's restart
inline constexpr std::size_t links_unregistered_per_address_max = 32;  // a household's or a laboratory's
inline constexpr auto link_backoff_first = 250ms;
inline constexpr auto link_backoff_max = 30s;
inline constexpr auto load_report_interval = 100ms;             // at most 10 a second
inline constexpr std::size_t load_reports_per_second_max = 10;  // of one node; then 429
inline constexpr std::size_t yamux_window = 262'144;            // bytes; the protocol's initial window
inline constexpr std::size_t yamux_streams_max = 1'000;         // inbound per session, as js-libp2p
inline constexpr std::size_t yamux_frame_bytes_max = 65'536;  // sent; one frame never blocks others for long
inline constexpr std::size_t noise_message_max = 65'535;      // Noise specification section 3
inline constexpr std::size_t noise_handshake_bytes_max = 4'096;  // ours have 250; with odd keys, more
inline constexpr auto link_leave_time = 2s;                      // after drain_time, for sessions to close
inline constexpr std::size_t multistream_message_max = 1'024;
inline constexpr std::size_t multistream_tries_max = 16;    // proposals on one stream before it is reset
inline constexpr std::size_t identify_bytes_max = 8'192;    // js-libp2p's limit
inline constexpr std::size_t identify_entries_max = 256;    // addresses and protocols in one message
inline constexpr std::size_t ping_streams_max = 2;          // inbound per session, libp2p ping spec
inline constexpr std::size_t answers_deferred_max = 128;    // half of the ACK backlog Yamux allows a peer
inline constexpr std::size_t link_read_bytes = 256U << 10;  // one read of a session (HOTPATH rule 7)
inline constexpr auto link_close_time = 1s;                 // unsent bytes may still leave after close()
inline constexpr std::size_t link_backlog_bytes_max = 4U << 20;  // queued for one session before it is closed

// Node.
inline constexpr std::size_t node_concurrency_default = 4;
inline constexpr std::size_t node_queue_default = 16;  // waiting for a slot; then node_busy
inline constexpr std::size_t node_refusals_max = 16;   // of a relay at a time; then its streams are reset
inline constexpr std::size_t node_peer_handshakes_max = 16;  // sessions being made at the local port
inline constexpr std::size_t node_peer_sessions_max = 32;    // there; a household's programs
inline constexpr std::size_t node_peer_streams_max = 64;     // of one of them at a time
inline constexpr auto node_queue_time = 60s;                 // longest wait for a slot
inline constexpr auto key_rotation_interval = 3'600s;
inline constexpr auto record_check_interval = 5s;  // models may change, keys age
inline constexpr auto record_lifetime = 7'200s;
inline constexpr auto record_renewal_interval = 1'800s;
inline constexpr auto response_head_wait = 15s;         // send the head even without a token
inline constexpr auto response_comment_interval = 15s;  // keep a silent stream alive

// Engine: what makes the tokens.
inline constexpr std::size_t engine_models_max = 256;  // models one engine lists; busy ones have dozens
inline constexpr auto engine_load_time = 600s;         // a large model from a slow disk
inline constexpr auto engine_head_time = 900s;         // a long prompt, or a whole answer, on a slow machine
inline constexpr auto engine_silence_time = 60s;       // between two pieces of a streamed answer
inline constexpr auto engine_poll_interval = 50ms;     // asking a loading engine whether it is ready
inline constexpr auto engine_probe_interval = 10s;     // asking a healthy one whether it still is
inline constexpr auto engine_probe_time = 5s;          // for one such answer
inline constexpr std::size_t engine_probes_lost_max = 3;  // then it counts as gone
inline constexpr auto engine_backoff_first = 250ms;       // before a restart or the next probe of a lost one
inline constexpr auto engine_backoff_max = 30s;
inline constexpr std::size_t engine_restarts_max = 5;        // in a row without engine_stable_time between
inline constexpr auto engine_stable_time = 60s;              // up for so long: earlier crashes are forgotten
inline constexpr auto engine_stop_time = 5s;                 // to end by itself; then it is killed
inline constexpr std::size_t engine_read_bytes = 64U << 10;  // taken from an engine at once
inline constexpr std::size_t engine_error_bytes_max = 64U << 10;  // an engine's error answer
inline constexpr std::size_t engine_list_bytes_max = 1U << 20;    // its answer to GET /v1/models
inline constexpr std::int64_t engine_context_default = 4'096;     // tokens a call; twice a long conversation
inline constexpr std::size_t engine_help_options_max = 2'000;     // options in --help; there are about 400
inline constexpr auto engine_help_time = 10s;                     // for --help, on a machine under load
inline constexpr std::size_t mock_script_bytes_max = 1U << 20;    // rules for tests
inline constexpr std::size_t mock_rules_max = 1'000;              // the same

// Client.
inline constexpr std::size_t directory_bytes_max = 8U << 20;  // the relay's list, usually 3 MB
inline constexpr auto directory_age_max = 2s;          // a gateway's copy of the list; loads change quickly
inline constexpr std::size_t known_nodes_max = 1'000;  // against rollback; directory_entries_max
inline constexpr std::size_t known_nodes_file_bytes_max = 32U << 20;  // that many records of the largest size
inline constexpr auto client_wait_max = 5s;                           // a Retry-After we wait for ourselves
inline constexpr std::size_t client_read_bytes = 32U << 10;           // one read of a sealed answer
inline constexpr std::size_t date_answer_bytes_max = 64U << 10;  // a sealed 400 that may say "wrong date"

// `tokenplace up`.
inline constexpr std::size_t restarts_max = 5;      // of one program in restart_window
inline constexpr auto restart_window = 60s;         // the same
inline constexpr auto restart_pause_first = 250ms;  // doubled each time
inline constexpr auto child_grace = 25s;            // its own drain_time, with room; then it is killed
inline constexpr auto ready_poll_interval = 50ms;   // while waiting for a program of our own

// Configuration.
inline constexpr std::size_t config_file_bytes_max = 1U << 20;   // far above any hand-written file
inline constexpr std::size_t secret_file_bytes_max = 64U << 10;  // a key or a token, with room

// Shutdown.
inline constexpr auto drain_time = 20s;  // streams may finish; then they are cancelled

}  // namespace tp::limits
