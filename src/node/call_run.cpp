#include "node/call_run.hpp"

#include "base/limits.hpp"
#include "codec/sse.hpp"

namespace tp::node {

namespace {

constexpr std::string_view event_stream = "text/event-stream";
constexpr std::string_view comment = ":\n\n";

bool has_type(const engine::engine_answer& answer, std::string_view type) {
  const std::string_view whole = answer.content_type();
  return codec::same_name(whole.substr(0, whole.find(';')), type);
}

}  // namespace

codec::http_fields typed(std::string_view content_type) {
  codec::http_fields fields;
  const auto added = fields.add("content-type", content_type);
  if (!added) static_cast<void>(fields.add("content-type", "application/octet-stream"));
  return fields;
}

codec::http_fields fields_of(const openai::api_error& error) {
  codec::http_fields fields = typed(openai::content_type(error));
  if (error.retry_after) {
    static_cast<void>(fields.add("Retry-After", std::to_string(error.retry_after->count())));
  }
  return fields;
}

async::task<void> send_error(answer_sink& to, const openai::api_error& error) {
  codec::http_fields fields = fields_of(error);
  plaintext body(as_bytes(openai::to_text(error)));
  co_return co_await to.whole(error.status, std::move(fields), std::move(body));
}

call_run::call_run(const asio::any_io_executor& executor, engine::engine& model, admission& gate,
                   const openai::request_facts& facts, answer_sink& to, const times& time, meters& count)
    : executor_(executor),
      engine_(model),
      gate_(gate),
      facts_(facts),
      fixer_(facts),
      to_(to),
      time_(time),
      count_(count),
      changed_(executor),
      emptied_(executor) {}

async::task<void> call_run::run(engine::engine_request request, async::deadline until) {
  async::task_scope asking(executor_);
  asking.spawn([](call_run* self, engine::engine_request of,
                  async::deadline by) { return self->ask(std::move(of), by); },
               this, std::move(request), until);
  const auto answered = co_await answer();
  if (answer_) answer_->abort();
  asking.cancel();
  co_await asking.join();
  co_return answered;
}

asio::awaitable<void> call_run::ask(engine::engine_request request, async::deadline until) {
  const async::deadline queue_until = until.earlier(async::deadline::after(time_.queue));
  auto place = co_await gate_.enter(queue_until);
  if (!place) {
    not_admitted_ = to_errc(place.error());
    changed_.notify();
    co_return;
  }
  slot_.emplace(std::move(*place));
  auto answered = co_await engine_.call(std::move(request), until);
  if (!answered) {
    ahead_.emplace(answered.error());
    changed_.notify();
    co_return;
  }
  answer_ = std::move(*answered);
  changed_.notify();
  for (;;) {  // ends with the answer, which the call's deadline bounds
    auto piece = co_await answer_->read();
    const bool last = !piece || piece->empty();
    ahead_.emplace(std::move(piece));
    changed_.notify();
    if (last) co_return;
    while (ahead_) {
      const auto woken = co_await emptied_.wait();
      if (!woken) co_return;
    }
  }
}

async::task<void> call_run::answer() {
  const auto head = co_await wait_for_head();
  if (!head) co_return head.error();
  if (not_admitted_ != errc::ok) {
    count_.refused.add();
    co_return co_await fail(openai::error_answer(not_admitted_));
  }
  if (!answer_) {  // the engine failed before its head
    count_.engine_failures.add();
    co_return co_await fail(openai::upstream_answer(to_errc(ahead_->error())));
  }
  const bool stream = answer_->status() == 200 && has_type(*answer_, event_stream);
  if (stream) co_return co_await pass_stream();
  co_return co_await pass_whole();
}

// Ok when something has changed or the patience is over; cancelled.
async::task<void> call_run::wait_for(std::chrono::milliseconds patience) {
  const async::deadline_guard guard(executor_, async::deadline::after(patience),
                                    [this] { changed_.notify(); });
  co_return co_await changed_.wait();
}

async::task<void> call_run::wait_for_head() {
  while (!answer_ && !ahead_ && not_admitted_ == errc::ok) {
    const auto waited = co_await wait_for(patience());
    if (!waited) co_return waited.error();
    if (answer_ || ahead_ || not_admitted_ != errc::ok) break;
    const auto alive = co_await keep_alive();
    if (!alive) co_return alive.error();
  }
  co_return async::success();
}

// The next piece; nothing when the patience is over first.
async::task<std::optional<plaintext>> call_run::next_piece(std::chrono::milliseconds patience) {
  const async::deadline late = async::deadline::after(patience);
  while (!ahead_) {
    const auto waited = co_await wait_for(patience);
    if (!waited) co_return waited.error();
    if (!ahead_ && late.passed()) co_return std::optional<plaintext>();
  }
  result<plaintext> piece = std::move(*ahead_);
  ahead_.reset();
  emptied_.notify();
  if (!piece) {
    // The engine gave the call up: it is being stopped or replaced. Our own cancellation ends the wait above.
    const errc why = to_errc(piece.error());
    co_return why == errc::cancelled ? errc::engine_failed : why;
  }
  co_return std::optional<plaintext>(std::move(*piece));
}

async::task<void> call_run::pass_whole() {
  plaintext body;
  for (;;) {  // bounded by the engine's own limit of bytes and the call's deadline
    auto piece = co_await next_piece(patience());
    if (!piece && to_errc(piece.error()) == errc::cancelled) co_return errc::cancelled;
    if (!piece || body.size() > limits::engine_answer_bytes_max) {
      count_.engine_failures.add();
      co_return co_await fail(openai::upstream_answer(piece ? errc::too_large : to_errc(piece.error())));
    }
    if (!piece->has_value()) {
      const auto alive = co_await keep_alive();
      if (!alive) co_return alive.error();
      continue;
    }
    if ((*piece)->empty()) break;
    body.append((*piece)->reveal());
  }
  int status = answer_->status();
  std::string_view type = answer_->content_type();
  if (status >= 400) {
    openai::engine_error said = openai::answer_fixer::error(status, std::move(body));
    status = said.status;
    body = std::move(said.body);
    type = "application/json";
  }
  if (begun_) {  // a stream was promised; the engine said something else
    std::string event;
    codec::write_sse_event(event, body.reveal_text());
    plaintext last(as_bytes(event));
    wipe(event.data(), event.size());
    const auto sent = co_await to_.piece(std::move(last));
    if (!sent) co_return sent.error();
    co_return co_await to_.end();
  }
  if (status == 200 && has_type(*answer_, "application/json")) body = fixer_.whole(std::move(body));
  co_return co_await to_.whole(status, typed(type), std::move(body));
}

async::task<void> call_run::pass_stream() {
  for (;;) {  // the same bounds
    auto piece = co_await next_piece(patience());
    if (!piece && to_errc(piece.error()) == errc::cancelled) co_return errc::cancelled;
    if (!piece) {
      count_.engine_failures.add();
      co_return co_await fail(openai::upstream_answer(to_errc(piece.error())));
    }
    if (!piece->has_value()) {
      const auto alive = co_await keep_alive();
      if (!alive) co_return alive.error();
      continue;
    }
    const auto head = co_await begin();
    if (!head) co_return head.error();
    if ((*piece)->empty()) co_return co_await to_.end();
    plaintext events = fixer_.events(std::move(**piece));
    const auto sent = co_await to_.piece(std::move(events));
    if (!sent) co_return sent.error();
  }
}

async::task<void> call_run::begin() {
  if (begun_) co_return async::success();
  begun_ = waited_ = true;
  co_return co_await to_.begin(200, typed(event_stream));
}

std::chrono::milliseconds call_run::patience() const { return waited_ ? time_.comment : time_.head_wait; }

// A comment where a stream is wanted or has begun.
async::task<void> call_run::keep_alive() {
  waited_ = true;
  const bool streams = begun_ || facts_.how == openai::delivery::streamed;
  if (!streams) co_return co_await to_.sign_of_life();
  const auto head = co_await begin();
  if (!head) co_return head.error();
  plaintext sign(as_bytes(comment));
  co_return co_await to_.piece(std::move(sign));
}

// As a whole answer, or as an event and a clean end where a stream has begun.
async::task<void> call_run::fail(const openai::api_error& error) {
  if (!begun_) co_return co_await send_error(to_, error);
  plaintext event(as_bytes(openai::to_event(error)));
  const auto sent = co_await to_.piece(std::move(event));
  if (!sent) co_return sent.error();
  co_return co_await to_.end();
}

}  // namespace tp::node
