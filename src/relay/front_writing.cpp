// Towards the client: at once what its socket takes, and a task for what it refuses.
#include "async/task_scope.hpp"
#include "relay/front.hpp"

namespace tp::relay {

void front::send(bytes_view data) {
  std::size_t sent = 0;
  if (unsent_.empty()) {
    const net::io_outcome done = socket_->try_write(data);
    if (done.status == net::io_status::failed) return abort();
    sent = done.status == net::io_status::done ? done.bytes : 0;
  }
  if (sent == data.size()) return;
  append(unsent_, data.subspan(sent));
  shared_.count.unsent.add(static_cast<std::int64_t>(data.size() - sent));
  if (writing_) return;
  since_ = shared_.now();
  start_writer();
}

void front::start_writer() {
  writing_ = true;
  const bool started = shared_.tasks.spawn([](front* self) { return self->drain_unsent(); }, this);
  if (!started) {
    writing_ = false;
    abort();
  }
}

// The client's socket was full: goes on when it can, and lets the node send more when all has gone.
asio::awaitable<void> front::drain_unsent() {
  std::size_t sent = 0;
  while (sent < unsent_.size()) {
    const auto ready = co_await socket_->wait_writable();
    if (!ready) break;
    const net::io_outcome done = socket_->try_write(bytes_view(unsent_).subspan(sent));
    if (done.status == net::io_status::failed) break;
    if (done.status == net::io_status::done) {
      sent += done.bytes;
      since_ = shared_.now();
    }
  }
  const bool all = sent == unsent_.size();
  shared_.count.unsent.add(-static_cast<std::int64_t>(unsent_.size()));
  bytes().swap(unsent_);
  if (all && closing_) {
    const auto ended =
        co_await socket_->close_write();  // the client need not wait for our last look at its bytes
    static_cast<void>(ended);
  }
  writing_ = false;
  if (all) {
    exchange_.client_took_all();
  } else {
    abort();
  }
  resume_reading();
}

}  // namespace tp::relay
