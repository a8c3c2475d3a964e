#include "engine/mock.hpp"

#include <optional>
#include <utility>

#include "async/event.hpp"
#include "base/clock.hpp"
#include "engine/mock_reply.hpp"

namespace tp::engine {
namespace {

class paced_answer final : public engine_answer {
 public:
  paced_answer(const boost::asio::any_io_executor& executor, mock_answer says, async::deadline until,
               std::chrono::nanoseconds silence_time, std::shared_ptr<call_list> calls)
      : executor_(executor),
        says_(std::move(says)),
        until_(until),
        silence_time_(silence_time),
        calls_(std::move(calls)),
        changed_(executor) {
    calls_->add(*this);
  }
  paced_answer(const paced_answer&) = delete;
  paced_answer& operator=(const paced_answer&) = delete;
  ~paced_answer() override { calls_->remove(*this); }

  int status() const override { return says_.status; }
  std::string_view content_type() const override { return says_.content_type; }

  void abort() noexcept override {
    aborted_ = true;
    changed_.notify();
  }

  // Until the head of the answer is there: with its first piece, as engines do.
  async::task<void> wait_for_head() {
    ahead_ = says_.next();
    if (!ahead_) {
      if (says_.end == mock_end::hang) co_return co_await pause(silence_time_, errc::engine_failed);
      co_return async::success();
    }
    const auto delay = std::exchange(ahead_->delay, std::chrono::milliseconds(0));
    co_return co_await pause(delay, errc::ok);
  }

  async::task<plaintext> read() override {
    if (!ahead_) ahead_ = says_.next();
    if (ahead_) {
      const result<void> waited = co_await pause(ahead_->delay, errc::ok);
      if (!waited) co_return waited.error();
      plaintext text = std::move(ahead_->text);
      ahead_.reset();
      co_return text;
    }
    if (says_.end == mock_end::cut) co_return errc::engine_failed;
    if (says_.end == mock_end::hang) {
      const result<void> waited = co_await pause(silence_time_, errc::engine_failed);
      if (!waited) co_return waited.error();
    }
    co_return plaintext();
  }

 private:
  // Waits, and then says `then`; sooner if the call is aborted, cancelled or late.
  async::task<void> pause(std::chrono::nanoseconds duration, errc then) {
    const async::deadline end = async::deadline::after(duration).earlier(until_);
    const bool late = end.when() == until_.when();
    if (duration.count() > 0 || then != errc::ok) {
      async::deadline_guard guard(executor_, end, [this] { changed_.notify(); });
      while (!aborted_ && !guard.expired()) {
        const result<void> waited = co_await changed_.wait();
        if (!waited) co_return waited.error();
      }
    }
    if (aborted_) co_return errc::cancelled;
    if (late && until_.passed()) co_return errc::deadline_exceeded;
    if (then != errc::ok) co_return then;
    co_return async::success();
  }

  boost::asio::any_io_executor executor_;
  mock_answer says_;
  async::deadline until_;
  std::chrono::nanoseconds silence_time_;
  std::shared_ptr<call_list> calls_;
  async::event changed_;
  std::optional<mock_piece> ahead_;
  bool aborted_ = false;
};

}  // namespace

mock::mock(mock_settings settings, services& with) : settings_(std::move(settings)), services_(with) {}

mock::~mock() = default;

async::task<std::unique_ptr<engine_answer>> mock::call(engine_request request, async::deadline until) {
  if (state_ != engine_state::ready) co_return errc::engine_unavailable;
  mock_answer says = make_mock_answer(request, settings_.rules, call_count_++, services_.clock.unix_now());
  if (says.status == 0) co_return errc::engine_unavailable;
  const auto executor = co_await boost::asio::this_coro::executor;
  auto answer =
      std::make_unique<paced_answer>(executor, std::move(says), until, settings_.silence_time, calls_);
  const result<void> begun = co_await answer->wait_for_head();
  if (!begun) co_return begun.error();
  co_return std::unique_ptr<engine_answer>(std::move(answer));
}

std::vector<model_info> mock::models() const {
  if (state_ == engine_state::stopped) return {};
  return {{std::string(mock_model_id), 8'192, {"chat", "completion", "embedding"}}};
}

async::task<void> mock::start(async::deadline) {
  state_ = engine_state::ready;
  co_return async::success();
}

boost::asio::awaitable<void> mock::stop() {
  state_ = engine_state::stopped;
  calls_->abort_all();
  co_return;
}

}  // namespace tp::engine
