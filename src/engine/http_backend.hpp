// One OpenAI-compatible server at one address: how openai_http and llama_server talk to it.
// Held by shared_ptr: calls keep it alive while they begin. Event-loop thread only.
// Refuses answers over limits::engine_answer_bytes_max, events over sse_event_bytes_max, and silence.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/services.hpp"
#include "engine/call_list.hpp"
#include "engine/engine.hpp"
#include "net/http_client.hpp"
#include "openai/models.hpp"

namespace tp::engine {

struct backend_settings {
  codec::url address;  // its target is a prefix; a trailing /v1 is understood
  secret_key api_key;  // empty: none is sent
  std::chrono::nanoseconds head_time = limits::engine_head_time;
  std::chrono::nanoseconds silence_time = limits::engine_silence_time;
  std::chrono::nanoseconds probe_time = limits::engine_probe_time;
};

class http_backend : public std::enable_shared_from_this<http_backend> {
 public:
  http_backend(const boost::asio::any_io_executor& executor, backend_settings settings,
               const net::tls_client* tls, services& with, std::shared_ptr<call_list> calls);

  // As engine::call.
  async::task<std::unique_ptr<engine_answer>> call(engine_request request, async::deadline until);

  // The server's model list. engine_unavailable: nobody there; permission_denied: key refused; not_found:
  // there is something that is no OpenAI-compatible server; deadline_exceeded after probe_time; cancelled.
  async::task<std::vector<openai::model_entry>> list_models();

  // The status of a GET without a body to speak of, e.g. /health, at the address's root. Errors as
  // list_models.
  async::task<int> probe(std::string target);

  // Closes kept connections.
  void close_idle() { client_.close_idle(); }

 private:
  async::task<std::unique_ptr<net::http_response>> send(const engine_request& request, async::deadline until);
  codec::http_fields fields_for(std::string_view content_type) const;

  backend_settings settings_;
  std::string prefix_;  // of targets
  net::http_client client_;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<call_list> calls_;
};

// The part of a base URL's path that goes before /v1: "" for "/", "/v1" and "/v1/"; "/x" for "/x/v1".
std::string target_prefix(std::string_view target);

// A failure of the connection as a caller of an engine sees it.
errc call_failure(const error_code& failure);

}  // namespace tp::engine
