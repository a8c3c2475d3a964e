// For tests: two sessions over a pair of memory streams on one loop, and streams that record what they are
// told.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/memory_stream.hpp"
#include "async/run.hpp"
#include "async/task_scope.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "link/meters.hpp"
#include "link/session.hpp"

namespace tp::link {

// Records events; gives credit back at once unless told to hold it.
struct recorder : stream_events {
  recorder() = default;
  recorder(const recorder&) = delete;
  recorder& operator=(const recorder&) = delete;
  ~recorder() override {
    if (on != nullptr) on->reset(id);  // does nothing when the stream is over
  }
  void on_data(bytes_view piece) override {
    received.append(as_chars(piece));
    if (on != nullptr && !hold_credit) on->consumed(id, piece.size());
    if (on_data_hook) on_data_hook();
  }
  void on_fin() override {
    fin_seen = true;
    if (on_fin_hook) on_fin_hook();
  }
  void on_reset(errc why) override {
    reason = why;
    ++resets;
  }
  void on_writable() override {
    ++writables;
    if (on_writable_hook) on_writable_hook();
  }

  session* on = nullptr;
  std::uint32_t id = 0;
  std::string received;
  bool hold_credit = false;
  bool fin_seen = false;
  errc reason = errc::ok;
  int resets = 0;
  int writables = 0;
  std::function<void()> on_data_hook, on_fin_hook, on_writable_hook;
};

class session_pair : public ::testing::Test {
 protected:
  ~session_pair() override {
    stop();
    accepted.clear();
  }

  // Both ends shake hands and run. False: a handshake failed; see dial_error and listen_error.
  bool connect(const async::memory_stream_settings& dialer_writes = {},
               const async::memory_stream_settings& listener_writes = {}, session_settings settings = {}) {
    begin(dialer_writes, listener_writes, std::move(settings));
    spin_until([this] { return (dialer && listener) || dial_error != errc::ok || listen_error != errc::ok; });
    return dialer && listener;
  }

  // The same, without running the loop.
  void begin(const async::memory_stream_settings& dialer_writes,
             const async::memory_stream_settings& listener_writes, session_settings settings = {}) {
    auto [a, b] = async::make_memory_streams(loop.get_executor(), dialer_writes, listener_writes);
    dialer_wire = a.get();
    listener_wire = b.get();
    scope.spawn([](session_pair* self, std::unique_ptr<async::byte_stream> s,
                   session_settings how) { return self->serve(std::move(s), role::dialer, std::move(how)); },
                this, std::unique_ptr<async::byte_stream>(std::move(a)), settings);
    scope.spawn(
        [](session_pair* self, std::unique_ptr<async::byte_stream> s, session_settings how) {
          return self->serve(std::move(s), role::listener, std::move(how));
        },
        this, std::unique_ptr<async::byte_stream>(std::move(b)), settings);
  }

  template <class Condition>
  bool spin_until(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    loop.restart();
    while (!condition() && std::chrono::steady_clock::now() < end)
      loop.run_one_for(std::chrono::milliseconds(20));
    return condition();
  }

  // Ends both sessions and joins them.
  void stop() {
    asio::post(loop, [this] { scope.cancel(); });  // inside the loop, where Asio emits a cancellation at once
    spin_until([this] { return scope.cancelled() && scope.live() == 0; });
  }

  asio::awaitable<void> serve(std::unique_ptr<async::byte_stream> stream, role as, session_settings how) {
    const bool dials = as == role::dialer;
    const auto until = async::deadline::after(handshake_time);
    auto made = co_await session::handshake(std::move(stream), as, dials ? dialer_key : listener_key,
                                            dials ? expected : std::nullopt, with, until, std::move(how));
    errc& error = dials ? dial_error : listen_error;
    if (!made) {
      error = to_errc(made.error());
      co_return;
    }
    std::unique_ptr<session>& kept = dials ? dialer : listener;
    kept = std::move(*made);
    session* running = kept.get();
    if (!dials && prepare) prepare(*running);
    const result<void> ended = co_await running->run();
    (dials ? dial_end : listen_end) = ended ? errc::ok : to_errc(ended.error());
    ++ends;
  }

  // The listener accepts streams of `protocol` into recorders.
  void accept_into_recorders(std::string protocol) {
    listener->handle(std::move(protocol), [this](std::uint32_t id) {
      accepted.push_back(std::make_unique<recorder>());
      accepted.back()->on = listener.get();
      accepted.back()->id = id;
      if (on_accept) on_accept(*accepted.back());
      return accepted.back().get();
    });
  }
  std::uint32_t open(recorder& events, std::string_view first, fin end,
                     std::string_view protocol = "/http/1.1") {
    const auto id = dialer->open(protocol, as_bytes(first), {}, end, events);
    EXPECT_TRUE(id.has_value());
    events.on = dialer.get();
    events.id = id ? *id : 0;
    return events.id;
  }

  asio::io_context loop;
  system_clock_source clock;
  seeded_random random{7};
  null_logger log;
  metrics meters;
  services with{clock, random, log, meters};
  link::meters counted{meters};  // for session_settings; both ends together
  crypto::ed25519_key dialer_key = crypto::ed25519_key::generate(random);
  crypto::ed25519_key listener_key = crypto::ed25519_key::generate(random);
  std::optional<codec::peer_id> expected;
  std::chrono::milliseconds handshake_time{10'000};
  std::function<void(session&)> prepare;
  std::function<void(recorder&)> on_accept;
  std::vector<std::unique_ptr<recorder>> accepted;
  async::memory_stream* dialer_wire = nullptr;
  async::memory_stream* listener_wire = nullptr;
  std::unique_ptr<session> dialer, listener;
  errc dial_error = errc::ok, listen_error = errc::ok, dial_end = errc::ok, listen_end = errc::ok;
  int ends = 0;
  async::task_scope scope{loop.get_executor()};
};

}  // namespace tp::link
