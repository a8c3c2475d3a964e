// One HTTP/1.1 call on one stream: writes the request, reads the answer. Internal to net; see
// http_client.hpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "async/deadline.hpp"
#include "codec/http1.hpp"
#include "net/http_client.hpp"

namespace tp::net {

class http_call_state {
 public:
  // Takes the stream back after an answer that leaves it usable.
  using give_back = std::function<void(std::unique_ptr<async::byte_stream>)>;

  http_call_state(std::unique_ptr<async::byte_stream> on, async::deadline until, after_request then);
  ~http_call_state();
  http_call_state(const http_call_state&) = delete;
  http_call_state& operator=(const http_call_state&) = delete;

  void keep_with(give_back kept) { give_back_ = std::move(kept); }
  // Until the answer's head has arrived.
  task<void> start(http_request request, std::string host);
  // Not one byte of an answer has arrived.
  bool untouched() const { return !answered_; }

  int status() const { return status_; }
  const codec::http_fields& fields() const { return fields_; }
  task<std::size_t> read_some(bytes_span into);
  void abort() noexcept;

 private:
  result<bytes> head_of(const http_request& request, std::string_view host) const;
  static asio::awaitable<void> write_parts(http_call_state* self, bytes_view head, bytes_view body,
                                           result<void>* outcome);
  task<void> write_all(bytes_view head, bytes_view body);
  task<void> read_answer_head(std::string_view method);
  task<void> write_while_reading(bytes_view head, bytes_view body, std::string_view method);
  enum class head_progress { more_needed, complete };
  result<head_progress> take_head(std::string_view method);
  bytes_view unread() const { return bytes_view(input_).subspan(input_at_); }
  task<std::size_t> refill();
  task<void> finish();
  template <class T>
  result<T> outcome(result<T> from) const {
    return guard_ ? guard_->outcome(std::move(from)) : from;
  }

  std::unique_ptr<async::byte_stream> stream_;
  std::optional<async::deadline_guard> guard_;  // until the stream is given back
  after_request then_;
  give_back give_back_;
  bytes input_;
  std::size_t input_at_ = 0;
  int status_ = 0;
  codec::http_fields fields_;
  codec::body_decoder body_{codec::body_framing{}};
  std::size_t informational_ = 0;
  bool answered_ = false;
  bool keep_alive_ = false;
  bool write_ended_ = false;  // the request was written as a whole
  bool finished_ = false;
};

}  // namespace tp::net
