#include "engine/llama_server.hpp"

#include <csignal>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "codec/hex.hpp"

namespace tp::engine {
namespace {

using boost::asio::ip::tcp;

// Free now; another program may take it before the child does. Then the child says so and the next try gets
// another.
result<std::uint16_t> free_port(const boost::asio::any_io_executor& executor) {
  error_code failed;
  tcp::acceptor acceptor(executor);
  acceptor.open(tcp::v4(), failed);
  if (!failed) acceptor.bind({boost::asio::ip::address_v4::loopback(), 0}, failed);
  if (failed) return errc::address_in_use;
  const tcp::endpoint bound = acceptor.local_endpoint(failed);
  if (failed) return errc::address_in_use;
  return bound.port();
}

engine_reason reason_of_start(errc why) {
  return why == errc::file_not_found || why == errc::permission_denied ? engine_reason::program_not_found
                                                                       : engine_reason::exited;
}

// Trying again cannot help.
bool is_final(engine_reason why) {
  return why == engine_reason::program_not_found || why == engine_reason::model_not_found ||
         why == engine_reason::model_not_loadable || why == engine_reason::not_compatible;
}

}  // namespace

llama_server::llama_server(const boost::asio::any_io_executor& executor, llama_server_settings settings,
                           services& with)
    : executor_(executor),
      settings_(std::move(settings)),
      services_(with),
      restarts_(settings_.restarts, with.random),
      changed_(executor),
      wake_(executor),
      scope_(executor) {}

llama_server::~llama_server() = default;

void llama_server::change(engine_state to, engine_reason why) {
  if (state_ == to && reason_ == why) return;
  state_ = to;
  reason_ = why;
  services_.log.info("engine_state", field("state", to), field("reason", why),
                     field("lines", child_log_.lines()), field("failures", restarts_.failures()));
  changed_.notify();
}

llama_server::child_end llama_server::fail(engine_reason why) {
  reason_ = why;
  return child_end::failed;
}

async::task<void> llama_server::start(async::deadline until) {
  change(engine_state::starting, engine_reason::none);
  scope_.spawn(supervise());
  async::deadline_guard timer(executor_, until, [this] { changed_.notify(); });
  for (;;) {
    if (state_ == engine_state::ready) co_return async::success();
    if (state_ == engine_state::failed || state_ == engine_state::stopped) co_return errc::engine_unavailable;
    if (timer.expired()) co_return errc::deadline_exceeded;
    const result<void> waited = co_await changed_.wait();
    if (!waited) co_return waited.error();
  }
}

boost::asio::awaitable<void> llama_server::stop() {
  stopping_ = true;
  calls_->abort_all();
  wake_.notify();
  // Whatever still waits for an answer of the child, a probe or the first chat, then waits no longer.
  for (const async::child_process* const each :
       {helper_, static_cast<const async::child_process*>(child_.get())}) {
    if (each != nullptr && each->running()) ::kill(each->pid(), SIGTERM);
  }
  co_await scope_.join();
  change(engine_state::stopped, engine_reason::none);
}

async::task<std::unique_ptr<engine_answer>> llama_server::call(engine_request request,
                                                               async::deadline until) {
  if (state_ != engine_state::ready) co_return errc::engine_unavailable;
  const std::shared_ptr<http_backend> server = server_;
  result<std::unique_ptr<engine_answer>> answer = co_await server->call(std::move(request), until);
  co_return std::move(answer);
}

boost::asio::awaitable<void> llama_server::supervise() {
  const result<void> helped = co_await read_help();
  if (!helped && to_errc(helped.error()) == errc::cancelled) co_return;
  while (!stopping_) {
    const auto begun = std::chrono::steady_clock::now();
    reason_ = engine_reason::none;
    const child_end end = co_await run_child();
    if (end == child_end::stopped || end == child_end::cancelled) co_return;
    if (end == child_end::retry_without_embeddings) {
      embeddings_ = embedding_support::off;
      continue;
    }
    const engine_reason why = reason_;
    if (state_ == engine_state::starting && is_final(why)) co_return change(engine_state::failed, why);
    const auto uptime =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    const auto wait = restarts_.on_exit(uptime);
    if (!wait) co_return change(engine_state::failed, why);
    reason_ = engine_reason::none;  // so that change() tells
    change(state_ == engine_state::starting ? engine_state::starting : engine_state::restarting, why);
    const child_end waited = co_await wait_for_change(*wait);
    if (waited == child_end::cancelled) co_return;
  }
}

async::task<void> llama_server::read_help() {
  async::child_settings how;
  how.arguments = {settings_.options.program, "--help"};
  how.environment = settings_.environment;
  how.on_output_line = how.on_error_line = [this](std::string_view line) { help_.on_line(line); };
  const result<std::unique_ptr<async::child_process>> child =
      async::child_process::start(executor_, std::move(how));
  if (!child) co_return child.error();
  async::deadline_guard timer(executor_, async::deadline::after(limits::engine_help_time),
                              [pid = (*child)->pid()] { ::kill(pid, SIGKILL); });
  helper_ = child->get();
  const result<async::child_exit> ended = co_await (*child)->wait();
  helper_ = nullptr;
  if (!ended) co_return ended.error();
  co_return async::success();
}

result<void> llama_server::start_child() {
  const result<std::uint16_t> port = free_port(executor_);
  if (!port) return port.error();
  std::array<std::uint8_t, 16> key{};
  services_.random.fill(key);
  const std::string key_text = codec::hex_encode(key);

  async::child_settings how;
  how.arguments = llama_arguments(settings_.options, help_, embeddings_, *port);
  how.environment = settings_.environment;
  how.environment.push_back("LLAMA_API_KEY=" + key_text);
  how.on_output_line = how.on_error_line = [this](std::string_view line) { child_log_.on_line(line); };
  child_log_ = {};
  child_ended_ = false;
  auto child = async::child_process::start(executor_, std::move(how));
  if (!child) return child.error();
  child_ = std::move(*child);

  backend_settings server;
  server.address.host = "127.0.0.1";
  server.address.port = *port;
  server.address.target = "/";
  server.api_key = secret_key(as_bytes(key_text));
  server.probe_time = settings_.probe_time;
  server.silence_time = settings_.silence_time;
  server_ = std::make_shared<http_backend>(executor_, std::move(server), nullptr, services_, calls_);
  return {};
}

boost::asio::awaitable<void> llama_server::watch_child() {
  const result<async::child_exit> ended = co_await child_->wait();
  if (!ended) co_return;
  child_ended_ = true;
  const engine_reason told = child_log_.reason();
  const engine_reason seen = ended->signal != 0 ? engine_reason::crashed : engine_reason::exited;
  reason_ = told != engine_reason::none ? told : seen;
  wake_.notify();
}

// stopped: stop() asked. failed: the child ended. still_running: neither, in that time.
boost::asio::awaitable<llama_server::child_end> llama_server::wait_for_change(
    std::chrono::nanoseconds at_most) {
  async::deadline_guard timer(executor_, async::deadline::after(at_most), [this] { wake_.notify(); });
  for (;;) {
    if (stopping_) co_return child_end::stopped;
    if (child_ended_) co_return child_end::failed;
    if (timer.expired()) co_return child_end::still_running;
    const result<void> waited = co_await wake_.wait();
    if (!waited) co_return child_end::cancelled;
  }
}

boost::asio::awaitable<llama_server::child_end> llama_server::run_child() {
  const result<void> started = start_child();
  if (!started) co_return fail(reason_of_start(to_errc(started.error())));
  async::task_scope watching(executor_);
  watching.spawn(watch_child());
  child_end end = co_await until_ready();
  if (end == child_end::still_running) end = co_await while_ready();
  calls_->abort_all();
  if (!child_ended_ && end != child_end::cancelled) {
    const engine_reason why = reason_;
    const result<async::child_exit> ended = co_await child_->terminate(settings_.stop_time);
    static_cast<void>(ended);  // it is gone, or the destructor sees to it
    reason_ = why;
  }
  watching.cancel();
  co_await watching.join();
  child_.reset();
  server_.reset();
  child_ended_ = false;
  co_return end;
}

boost::asio::awaitable<llama_server::child_end> llama_server::until_ready() {
  const async::deadline loaded = async::deadline::after(settings_.load_time);
  for (;;) {
    const child_end now = co_await wait_for_change(limits::engine_poll_interval);
    if (now != child_end::still_running) co_return now;
    const result<int> health = co_await server_->probe("/health");
    if (health && *health == 200) break;
    if (!health && to_errc(health.error()) == errc::cancelled) co_return child_end::cancelled;
    if (loaded.passed()) co_return fail(engine_reason::not_answering);
  }
  if (embeddings_ == embedding_support::on) {
    // Older builds take --embeddings for "nothing else": then chat is what counts.
    const result<int> status = co_await try_chat();
    if (status && *status == 501) co_return child_end::retry_without_embeddings;
  }
  const result<std::vector<openai::model_entry>> listed = co_await server_->list_models();
  if (!listed) {
    co_return to_errc(listed.error()) == errc::cancelled ? child_end::cancelled
                                                         : fail(engine_reason::not_compatible);
  }
  model_info model{settings_.options.model_id, 0, {"chat", "completion"}};
  if (embeddings_ == embedding_support::on) model.capabilities.emplace_back("embedding");
  for (const openai::model_entry& entry : *listed) {
    if (entry.id == model.id) model.context_length = entry.context_length;
  }
  models_ = {std::move(model)};
  if (child_ended_ || stopping_) co_return stopping_ ? child_end::stopped : child_end::failed;
  change(engine_state::ready, engine_reason::none);
  co_return child_end::still_running;
}

async::task<int> llama_server::try_chat() {
  engine_request request;
  request.method = "POST";
  request.target = "/v1/chat/completions";
  request.content_type = "application/json";
  request.body =
      plaintext(as_bytes(R"({"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":1})"));
  const async::deadline until = async::deadline::after(settings_.load_time);
  const result<std::unique_ptr<engine_answer>> answer = co_await server_->call(std::move(request), until);
  if (!answer) co_return answer.error();
  co_return (*answer)->status();
}

boost::asio::awaitable<llama_server::child_end> llama_server::while_ready() {
  std::size_t lost = 0;
  for (;;) {
    const child_end now = co_await wait_for_change(settings_.probe_interval);
    if (now != child_end::still_running) co_return now;
    const result<int> health = co_await server_->probe("/health");
    if (!health && to_errc(health.error()) == errc::cancelled) co_return child_end::cancelled;
    lost = health && *health == 200 ? 0 : lost + 1;
    if (lost >= limits::engine_probes_lost_max) co_return fail(engine_reason::not_answering);
  }
}

}  // namespace tp::engine
