#include "libp2p/upgrade.hpp"

#include <gtest/gtest.h>

namespace tp::p2p {
namespace {

struct two_ends {
  seeded_random random{3};
  crypto::ed25519_key a = crypto::ed25519_key::generate(random), b = crypto::ed25519_key::generate(random);
  upgrade dialer{role::dialer, a, std::nullopt, random};
  upgrade listener{role::listener, b, std::nullopt, random};
};

TEST(upgrade, works_whatever_the_pieces_and_keeps_what_came_early) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    two_ends ends;
    bytes to_listener, to_dialer;
    ends.dialer.start(to_listener);
    ends.listener.start(to_dialer);
    const auto feed = [piece](bytes& queue, upgrade& to, bytes& out) {
      const bytes input = std::exchange(queue, {});
      for (std::size_t i = 0; i < input.size(); i += piece)
        ASSERT_TRUE(to.on_bytes(bytes_view(input).subspan(i, std::min(piece, input.size() - i)), out));
    };
    while (!to_listener.empty() || !to_dialer.empty()) {
      feed(to_listener, ends.listener, to_dialer);
      feed(to_dialer, ends.dialer, to_listener);
    }
    ASSERT_TRUE(ends.dialer.done() && ends.listener.done());
    bytes none;
    ASSERT_TRUE(ends.listener.on_bytes(as_bytes("early"), none));
    upgraded made = ends.listener.take();
    EXPECT_EQ(as_chars(made.rest), "early");
    EXPECT_EQ(made.session.remote, codec::peer_id::from_public_key(ends.a.public_key()));
    EXPECT_TRUE(made.session.early_yamux);
  }
}

TEST(upgrade, a_peer_without_noise_is_rejected) {
  two_ends ends;
  bytes out;
  EXPECT_EQ(to_errc(ends.dialer.on_bytes(as_bytes("\x13/multistream/1.0.0\n\x03na\n"), out).error()),
            errc::multistream_rejected);
  EXPECT_EQ(to_errc(ends.listener.on_bytes(as_bytes("\x05hello"), out).error()), errc::multistream_rejected);
}

}  // namespace
}  // namespace tp::p2p
