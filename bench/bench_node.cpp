// A node that answers from memory: real sessions, real registration, no engine and no opening of envelopes,
// so that the relay and the session can be measured against a plain reverse proxy in front of `upstream`.
//
//   bench_node --relay http://127.0.0.1:5000 [--identities 1] [--moderation US] [--pidfile FILE]
//   bench_node --peers N        prints the peer ids that N identities have, and ends
//
// The body of a request says what to do, as for upstream's /ohttp: "/ok", "/stream?rate=50&size=250&secs=60",
// "/bulk?bytes=N". The keys are fixed, so that a benchmark knows the addresses before. Ends with its first
// session.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <queue>
#include <unordered_map>

#include "async/task_scope.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "codec/http1.hpp"
#include "codec/json.hpp"
#include "crypto/random.hpp"
#include "e2ee/key_ring.hpp"
#include "e2ee/node_record.hpp"
#include "link/session.hpp"
#include "link/stream.hpp"
#include "mock_shapes.hpp"
#include "net/http_call.hpp"
#include "net/websocket.hpp"

namespace {

using namespace tp;
using clock_type = std::chrono::steady_clock;
constexpr std::size_t held_max = 256U << 10;  // an engine with flow control waits here

std::int64_t now_ns() { return clock_type::now().time_since_epoch() / std::chrono::nanoseconds(1); }

[[noreturn]] void die(const std::string& why) {
  std::cerr << "bench_node: " << why << "\n";
  std::_Exit(1);
}

crypto::ed25519_key identity_of(std::uint8_t index) {
  bytes seed(32, 0xb0);
  seed[0] = index;
  auto key = crypto::ed25519_key::from_seed(seed);
  if (!key) die("no identity");
  return std::move(*key);
}

// One timer for the streams of all identities.
class agenda {
 public:
  using callback = std::function<void()>;
  explicit agenda(const asio::any_io_executor& executor) : timer_(executor) {}
  void at(std::int64_t when, callback call) {
    const bool first = due_.empty() || when < due_.begin()->first;
    due_.emplace(when, std::move(call));
    if (first && !running_) arm();
  }

 private:
  void arm() {
    if (due_.empty()) return;
    timer_.expires_at(clock_type::time_point(std::chrono::nanoseconds(due_.begin()->first)));
    timer_.async_wait([this](const error_code& moved) {
      if (moved) return;
      running_ = true;
      for (const std::int64_t now = now_ns(); !due_.empty() && due_.begin()->first <= now;) {
        const callback call = std::move(due_.begin()->second);
        due_.erase(due_.begin());
        call();
      }
      running_ = false;
      arm();
    });
  }
  std::multimap<std::int64_t, callback> due_;
  asio::steady_timer timer_;
  bool running_ = false;
};

class mock_node;

// One request and its answer.
class answer final : public link::stream_events {
 public:
  answer(mock_node& of, std::uint32_t id) : of_(of), id_(id) {}
  void emit();

 private:
  void on_data(bytes_view piece) override;
  void on_fin() override;
  void on_reset(errc) override;
  void on_writable() override { send_on(); }

  void begin();
  void head(std::string_view framing);
  void send_on();
  void finish();

  mock_node& of_;
  std::uint32_t id_;
  std::string in_, held_;
  mock::target wants_;
  double rate_ = 0;
  std::int64_t size_ = 0, end_ = 0, next_ = 0, index_ = 0, bulk_left_ = 0;
  bool begun_ = false, last_ = false, finished_ = false, peer_finished_ = false;
};

class mock_node {
 public:
  mock_node(std::uint8_t index, codec::url relay, agenda& plan, services& with, link::session_settings how)
      : identity_(identity_of(index)),
        relay_(std::move(relay)),
        plan_(plan),
        with_(with),
        how_(std::move(how)) {}

  asio::awaitable<void> run(asio::any_io_executor executor);
  link::session& session() { return *session_; }
  agenda& plan() { return plan_; }
  answer* find(std::uint32_t id) {
    const auto found = answers_.find(id);
    return found == answers_.end() ? nullptr : found->second.get();
  }
  void forget(std::uint32_t id) { answers_.erase(id); }

 private:
  async::task<void> dial();
  async::task<void> put_record();

  crypto::ed25519_key identity_;
  codec::url relay_;
  agenda& plan_;
  services& with_;
  link::session_settings how_;
  std::unique_ptr<link::session> session_;
  std::unordered_map<std::uint32_t, std::unique_ptr<answer>> answers_;
};

void answer::on_data(bytes_view piece) {
  of_.session().consumed(id_, piece.size());
  if (begun_) return;
  in_.append(as_chars(piece));
  codec::http_head request;
  const auto size = codec::parse_request_head(in_, request);
  if (!size) return of_.session().reset(id_), of_.forget(id_);
  if (*size == 0 || in_.size() < *size + request.content_length().value_or(0)) return;
  const std::string_view body = std::string_view(in_).substr(*size);
  wants_ = mock::target::parse(body.starts_with('/') ? body : "/stream?rate=50&size=250&secs=60");
  begun_ = true;
  begin();
}

void answer::begin() {
  if (wants_.path == "/bulk") {
    bulk_left_ = static_cast<std::int64_t>(wants_.number("bytes", 1 << 20));
    head("Content-Length: " + std::to_string(bulk_left_));
    last_ = true;
  } else if (wants_.path == "/stream") {
    rate_ = wants_.number("rate", 50);
    size_ = static_cast<std::int64_t>(wants_.number("size", 250));
    const std::int64_t now = now_ns();
    end_ = now + static_cast<std::int64_t>(wants_.number("secs", 10) * 1e9);
    head("Transfer-Encoding: chunked");
    mock::put_chunk(held_, mock::sealed_nonce());
    mock::put_chunk(held_, mock::sealed_record(mock::stamp(now_ns(), index_++), size_));
    // a random phase keeps streams that started together from firing together
    next_ = rate_ > 0 ? now + static_cast<std::int64_t>(1e9 / rate_ * (0.1 + 0.9 * drand48())) : end_;
    of_.plan().at(next_, [node = &of_, id = id_] {
      if (answer* const self = node->find(id)) self->emit();
    });
  } else {
    head("Content-Length: 2");
    held_ += "ok";
    last_ = true;
  }
  send_on();
}

void answer::head(std::string_view framing) {
  held_.append("HTTP/1.1 200 OK\r\nContent-Type: ").append(mock::sealed_type);
  held_.append("\r\n").append(framing).append("\r\n\r\n");
}

void answer::emit() {
  if (now_ns() >= end_) {
    mock::put_chunk(held_, mock::sealed_end());
    held_ += "0\r\n\r\n";
    last_ = true;
    return send_on();
  }
  if (held_.size() < held_max) {
    mock::put_chunk(held_, mock::sealed_record(mock::stamp(now_ns(), index_++), size_));
  }
  next_ += static_cast<std::int64_t>(1e9 / rate_);
  of_.plan().at(next_, [node = &of_, id = id_] {
    if (answer* const self = node->find(id)) self->emit();
  });
  send_on();
}

void answer::send_on() {
  if (!held_.empty()) {
    const std::size_t taken = of_.session().write(id_, as_bytes(held_));
    if (taken == held_.size()) {
      held_.clear();
    } else {
      held_.erase(0, taken);
    }
  }
  static const bytes filler(limits::yamux_frame_bytes_max, 'x');
  while (held_.empty() && bulk_left_ > 0) {
    const std::size_t wanted = std::min(filler.size(), static_cast<std::size_t>(bulk_left_));
    const std::size_t taken = of_.session().write(id_, bytes_view(filler).first(wanted));
    bulk_left_ -= static_cast<std::int64_t>(taken);
    if (taken < wanted) return;
  }
  if (held_.empty() && last_ && bulk_left_ == 0) finish();
}

void answer::finish() {
  if (finished_) return;
  finished_ = true;
  of_.session().finish(id_);
  if (peer_finished_) of_.forget(id_);
}

void answer::on_fin() {
  peer_finished_ = true;
  if (finished_) of_.forget(id_);
}

void answer::on_reset(errc) { of_.forget(id_); }

async::task<void> mock_node::dial() {
  codec::url to = relay_;
  to.scheme = codec::url_scheme::ws;
  to.target = "/p2p";
  for (;;) {
    const async::deadline until = async::deadline::after(limits::link_handshake_time);
    auto stream = co_await net::dial_websocket(to, nullptr, until);
    if (stream) {
      auto made = co_await link::session::handshake(std::move(*stream), link::role::dialer, identity_,
                                                    std::nullopt, with_, until, how_);
      if (!made) co_return made.error();
      session_ = std::move(*made);
      co_return async::success();
    }
    const auto slept = co_await async::sleep_for(std::chrono::milliseconds(10));
    if (!slept) co_return slept.error();
  }
}

async::task<void> mock_node::put_record() {
  e2ee::key_ring keys(with_.clock, with_.random);
  e2ee::record_fields fields;
  fields.issued = with_.clock.unix_now();
  fields.seq = with_.clock.unix_milliseconds();
  fields.expires = fields.issued + 7'200;
  fields.name = "bench";
  fields.ohttp_keys = keys.key_list();
  fields.max_concurrency = limits::record_concurrency_max;
  fields.models.push_back({"mock", 4'096, {"chat"}});
  const auto record = e2ee::sign_record(fields, identity_);
  if (!record) co_return record.error();
  json::object body = e2ee::to_json(*record);
  body.erase("peer_id");
  const std::string text = codec::to_text(body);
  auto stream = co_await link::open_http(*session_);
  if (!stream) co_return stream.error();
  net::http_request request;
  request.method = "PUT";
  request.target = "/api/v2/nodes/" + codec::peer_id::from_public_key(identity_.public_key()).text();
  request.fields = {{"Content-Type", "application/json"}, {"Connection", "close"}};
  request.body = as_bytes(text);
  const async::deadline until = async::deadline::after(limits::link_handshake_time);
  auto response = co_await net::http_call(std::move(*stream), std::move(request), "relay", until,
                                          net::after_request::close_write);
  if (!response) co_return response.error();
  if ((*response)->status() != 200) die("registration refused: " + std::to_string((*response)->status()));
  co_return async::success();
}

asio::awaitable<void> mock_node::run(asio::any_io_executor executor) {
  const auto dialled = co_await dial();
  if (!dialled) die("no session");
  session_->handle(std::string(link::http_protocol), [this](std::uint32_t id) -> link::stream_events* {
    return answers_.emplace(id, std::make_unique<answer>(*this, id)).first->second.get();
  });
  async::task_scope running(executor);
  running.spawn(
      [](link::session* of) -> asio::awaitable<void> {
        const auto ended = co_await of->run();
        static_cast<void>(ended);
        std::_Exit(0);
      },
      session_.get());
  const auto known = co_await put_record();
  if (!known) die("not registered");
  co_await running.join();
}

std::string option(int argc, char** argv, std::string_view name, std::string otherwise) {
  for (int i = 1; i + 1 < argc; i += 2)
    if (argv[i] == name) return argv[i + 1];
  return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  const int wanted = std::atoi(option(argc, argv, "--peers", "0").c_str());
  for (int i = 0; i < wanted; ++i) {
    const auto key = identity_of(static_cast<std::uint8_t>(i));
    std::cout << codec::peer_id::from_public_key(key.public_key()).text() << "\n";
  }
  if (wanted > 0) return 0;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  prctl(PR_SET_TIMERSLACK, 1);
  const std::string pid_file = option(argc, argv, "--pidfile", "");
  if (!pid_file.empty()) std::ofstream(pid_file) << getpid() << "\n";
  const auto relay = codec::parse_url(option(argc, argv, "--relay", "http://127.0.0.1:5000"));
  if (!relay) die("--relay wants an http URL");

  system_clock_source clock;
  crypto::os_random random;
  stderr_logger log(log_level::error, log_format::text, clock);
  metrics meters;
  services with{clock, random, log, meters};
  asio::io_context loop{1};
  agenda plan(loop.get_executor());
  link::session_settings how;
  how.event_moderation =
      std::chrono::microseconds(std::atoi(option(argc, argv, "--moderation", "0").c_str()));
  std::vector<std::unique_ptr<mock_node>> nodes;
  async::task_scope running(loop.get_executor());
  const int identities = std::atoi(option(argc, argv, "--identities", "1").c_str());
  for (int i = 0; i < identities; ++i) {
    nodes.push_back(std::make_unique<mock_node>(static_cast<std::uint8_t>(i), *relay, plan, with, how));
    running.spawn([](mock_node* node, asio::any_io_executor on) { return node->run(on); }, nodes.back().get(),
                  asio::any_io_executor(loop.get_executor()));
  }
  loop.run();
}
