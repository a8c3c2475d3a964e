#include "link/stream.hpp"

#include "link/session_fixture.hpp"

namespace tp::link {
namespace {

struct outcome {
  std::string text;
  errc error = errc::ok;
  bool done = false;
};

asio::awaitable<void> read_all(async::byte_stream* from, outcome* to) {
  bytes buffer(1'000);
  for (;;) {
    const auto size = co_await from->read_some(buffer);
    if (!size) to->error = to_errc(size.error());
    if (!size || *size == 0) break;
    to->text.append(as_chars(bytes_view(buffer).first(*size)));
  }
  to->done = true;
}

asio::awaitable<void> write_all(async::byte_stream* to, std::string text, fin end, outcome* result) {
  const auto written = co_await to->write(as_bytes(text));
  if (!written) result->error = to_errc(written.error());
  if (written && end == fin::yes) co_await to->close_write();
  result->done = true;
}

class stream_pair : public session_pair {
 protected:
  void connect_streams() {
    ASSERT_TRUE(connect());
    listener->handle("/http/1.1", [this](std::uint32_t id) {
      auto made = std::make_unique<stream>(*listener, id);
      stream* events = made.get();
      theirs = std::move(made);
      return events;
    });
    ours = std::make_unique<stream>(*dialer, std::string(http_protocol));
  }
  ~stream_pair() override { stop(); }

  std::unique_ptr<async::byte_stream> ours, theirs;
  outcome wrote, read, wrote_back, read_back;
};

TEST_F(stream_pair, a_body_larger_than_the_window_crosses_and_comes_back) {
  connect_streams();
  const std::string body(1'000'000, 'x');
  scope.spawn(write_all, ours.get(), body, fin::yes, &wrote);
  ASSERT_TRUE(spin_until([&] { return theirs != nullptr; }));
  scope.spawn(read_all, theirs.get(), &read);
  ASSERT_TRUE(spin_until([&] { return read.done; }));
  EXPECT_TRUE(read.text == body);
  scope.spawn(write_all, theirs.get(), body, fin::yes, &wrote_back);
  scope.spawn(read_all, ours.get(), &read_back);
  ASSERT_TRUE(spin_until([&] { return read_back.done; }));
  EXPECT_TRUE(read_back.text == body);
  EXPECT_EQ(dialer->open_streams(), 0U);
}

TEST_F(stream_pair, a_writer_waits_when_nobody_reads) {
  connect_streams();
  scope.spawn(write_all, ours.get(), std::string(400'000, 'x'), fin::yes, &wrote);
  ASSERT_TRUE(spin_until([&] { return theirs && dialer->send_window(1) == 0; }));
  EXPECT_FALSE(wrote.done);
  scope.spawn(read_all, theirs.get(), &read);
  ASSERT_TRUE(spin_until([&] { return read.done && wrote.done; }));
  EXPECT_EQ(read.text.size(), 400'000U);
}

TEST_F(stream_pair, half_close_is_not_gone_but_reset_is) {
  connect_streams();
  scope.spawn(write_all, ours.get(), "request", fin::yes, &wrote);
  ASSERT_TRUE(spin_until([&] { return theirs != nullptr; }));
  int gone = 0;
  theirs->on_peer_gone([&gone] { ++gone; });
  scope.spawn(read_all, theirs.get(), &read);
  ASSERT_TRUE(spin_until([&] { return read.done; }));
  EXPECT_EQ(gone, 0);
  ours->reset();
  ASSERT_TRUE(spin_until([&] { return gone == 1; }));
  scope.spawn(write_all, theirs.get(), "late", fin::no, &wrote_back);
  ASSERT_TRUE(spin_until([&] { return wrote_back.done; }));
  EXPECT_EQ(wrote_back.error, errc::connection_reset);
}

TEST_F(stream_pair, reset_ends_a_pending_read_here) {
  connect_streams();
  scope.spawn(read_all, ours.get(), &read);
  spin_until([&] { return theirs != nullptr; });
  ours->reset();
  ASSERT_TRUE(spin_until([&] { return read.done; }));
  EXPECT_EQ(read.error, errc::connection_reset);
}

TEST_F(stream_pair, a_stream_outlives_its_session) {
  connect_streams();
  auto unopened = std::make_unique<stream>(*dialer, std::string(http_protocol));
  scope.spawn(write_all, ours.get(), "x", fin::no, &wrote);
  ASSERT_TRUE(spin_until([&] { return wrote.done; }));
  dialer->close();
  listener->close();
  ASSERT_TRUE(spin_until([&] { return ends == 2; }));
  dialer.reset();
  scope.spawn(write_all, ours.get(), "x", fin::no, &wrote_back);
  scope.spawn(write_all, unopened.get(), "x", fin::no, &read_back);
  ASSERT_TRUE(spin_until([&] { return wrote_back.done && read_back.done; }));
  EXPECT_EQ(wrote_back.error, errc::shutting_down);
  EXPECT_EQ(read_back.error, errc::connection_reset);
}

}  // namespace
}  // namespace tp::link
