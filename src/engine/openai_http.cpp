#include "engine/openai_http.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

namespace tp::engine {
namespace {

engine_reason reason_of(errc why) {
  if (why == errc::permission_denied) return engine_reason::key_refused;
  if (why == errc::not_found) return engine_reason::not_compatible;
  return engine_reason::not_answering;
}

}  // namespace

openai_http::openai_http(const boost::asio::any_io_executor& executor, openai_http_settings settings,
                         const net::tls_client* tls, services& with)
    : executor_(executor),
      settings_(std::move(settings)),
      services_(with),
      server_(std::make_shared<http_backend>(executor, std::move(settings_.server), tls, with, calls_)),
      backoff_(settings_.backoff_first),
      changed_(executor),
      probe_now_(executor),
      scope_(executor) {}

openai_http::~openai_http() = default;

void openai_http::change(engine_state to, engine_reason why) {
  if (state_ == to && reason_ == why) return;
  state_ = to;
  reason_ = why;
  services_.log.info("engine_state", field("state", to), field("reason", why),
                     field("models", models_.size()));
  changed_.notify();
}

void openai_http::on_models(const std::vector<openai::model_entry>& listed) {
  probes_lost_ = 0;
  backoff_ = settings_.backoff_first;
  models_.clear();
  for (const openai::model_entry& model : listed) {
    models_.push_back({model.id, model.context_length, settings_.capabilities});
  }
  change(engine_state::ready, engine_reason::none);
}

void openai_http::on_lost(errc why) {
  ++probes_lost_;
  // A busy engine may miss a probe; one that was never there, or says no, is believed at once.
  const bool believed = state_ != engine_state::ready || why != errc::deadline_exceeded ||
                        probes_lost_ >= limits::engine_probes_lost_max;
  if (!believed) return;
  change(state_ == engine_state::starting ? engine_state::starting : engine_state::restarting,
         reason_of(why));
}

std::chrono::nanoseconds openai_http::next_wait() {
  if (state_ == engine_state::ready) return settings_.probe_interval;
  const auto half = static_cast<std::uint64_t>(backoff_.count()) / 2;
  const std::chrono::milliseconds wait(static_cast<std::int64_t>(half + services_.random.below(half + 1)));
  backoff_ = std::min(backoff_ * 2, settings_.backoff_max);
  return wait;
}

boost::asio::awaitable<void> openai_http::keep_probing() {
  for (;;) {
    const result<std::vector<openai::model_entry>> listed = co_await server_->list_models();
    if (listed) {
      on_models(*listed);
    } else {
      if (to_errc(listed.error()) == errc::cancelled) co_return;
      on_lost(to_errc(listed.error()));
    }
    async::deadline_guard timer(executor_, async::deadline::after(next_wait()),
                                [this] { probe_now_.notify(); });
    const result<void> waited = co_await probe_now_.wait();
    if (!waited) co_return;
  }
}

async::task<void> openai_http::start(async::deadline until) {
  change(engine_state::starting, engine_reason::none);
  scope_.spawn(keep_probing());
  async::deadline_guard timer(executor_, until, [this] { changed_.notify(); });
  for (;;) {
    if (state_ == engine_state::ready) co_return async::success();
    if (state_ == engine_state::stopped) co_return errc::engine_unavailable;
    // Somebody is there and will not become another: waiting is useless.
    if (reason_ == engine_reason::key_refused || reason_ == engine_reason::not_compatible) {
      co_return errc::engine_unavailable;
    }
    if (timer.expired()) co_return errc::deadline_exceeded;
    const result<void> waited = co_await changed_.wait();
    if (!waited) co_return waited.error();
  }
}

boost::asio::awaitable<void> openai_http::stop() {
  change(engine_state::stopped, engine_reason::none);
  calls_->abort_all();
  scope_.cancel();
  co_await scope_.join();
  server_->close_idle();
}

async::task<std::unique_ptr<engine_answer>> openai_http::call(engine_request request, async::deadline until) {
  if (state_ != engine_state::ready) co_return errc::engine_unavailable;
  result<std::unique_ptr<engine_answer>> answer = co_await server_->call(std::move(request), until);
  if (answer.has_error() && to_errc(answer.error()) == errc::engine_unavailable) probe_now_.notify();
  co_return std::move(answer);
}

}  // namespace tp::engine
