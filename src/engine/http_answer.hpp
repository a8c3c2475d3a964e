// An engine's answer that comes over HTTP. Made by http_backend; see engine_answer for what it promises.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "engine/call_list.hpp"
#include "engine/engine.hpp"
#include "engine/event_cutter.hpp"
#include "net/http_client.hpp"

namespace tp::engine {

class http_answer final : public engine_answer {
 public:
  http_answer(std::unique_ptr<net::http_response> from, std::chrono::nanoseconds silence_time,
              std::shared_ptr<call_list> calls);
  http_answer(const http_answer&) = delete;
  http_answer& operator=(const http_answer&) = delete;
  ~http_answer() override;

  int status() const override { return status_; }
  std::string_view content_type() const override { return content_type_; }
  async::task<plaintext> read() override;
  void abort() noexcept override;

 private:
  async::task<std::size_t> read_piece();
  errc failure(const error_code& why);

  std::unique_ptr<net::http_response> from_;
  std::chrono::nanoseconds silence_time_;
  std::shared_ptr<call_list> calls_;
  int status_;
  std::string content_type_;
  bool is_event_stream_;
  event_cutter cutter_;
  bytes piece_;  // wiped at the end
  std::size_t total_bytes_ = 0;
  bool ended_ = false;
  bool aborted_ = false;
};

}  // namespace tp::engine
