#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "codec/hex.hpp"
#include "codec/json.hpp"
#include "libp2p/noise_handshake.hpp"

namespace tp::p2p {
namespace {

// Delivers prepared bytes, so that a handshake has the keys of a vector.
class scripted_random final : public random_source {
 public:
  explicit scripted_random(bytes script) : script_(std::move(script)) {}
  void fill(bytes_span out) override {
    ASSERT_LE(out.size(), script_.size() - used_);
    std::copy_n(script_.begin() + static_cast<std::ptrdiff_t>(used_), out.size(), out.begin());
    used_ += out.size();
  }

 private:
  bytes script_;
  std::size_t used_ = 0;
};

std::string text(const json::object& from, std::string_view name) {
  return std::string(from.at(name).as_string());
}
bytes unhex(const json::object& from, std::string_view name) { return *codec::hex_decode(text(from, name)); }

struct vector_side {
  explicit vector_side(const json::object& from)
      : identity(*crypto::ed25519_key::from_seed(unhex(from, "identity_seed"))),
        peer(*codec::peer_id::parse(text(from, "peer_id"))),
        random(joined(unhex(from, "static_secret"), unhex(from, "ephemeral_secret"))) {}
  static bytes joined(bytes a, const bytes& b) {
    append(a, bytes_view(b));
    return a;
  }
  crypto::ed25519_key identity;
  codec::peer_id peer;
  scripted_random random;
};

json::value load(const std::string& path) {
  std::ifstream file(path);
  std::stringstream all;
  all << file.rdbuf();
  return *codec::parse_json(all.str());
}

bytes body(const bytes& framed) {
  EXPECT_EQ(noise_message_size(framed), framed.size());
  return to_bytes(bytes_view(framed).subspan(2));
}

TEST(noise_handshake, makes_the_messages_of_the_javascript_implementation) {
  const json::value file = load(TP_SOURCE_DIR "/tests/testdata/libp2p/noise_xx.json");
  const json::object& vector = file.as_object().at("vectors").as_array().at(0).as_object();
  vector_side a(vector.at("dialer").as_object()), b(vector.at("listener").as_object());
  std::vector<bytes> messages;
  for (const json::value& m : vector.at("messages").as_array())
    messages.push_back(unhex(m.as_object(), "bytes"));
  noise_handshake dialer(role::dialer, a.identity, b.peer, a.random);
  noise_handshake listener(role::listener, b.identity, a.peer, b.random);

  bytes out;
  dialer.start(out);
  EXPECT_EQ(out, messages[0]);
  out.clear();
  ASSERT_TRUE(listener.on_message(body(messages[0]), out));
  EXPECT_EQ(out, messages[1]);
  out.clear();
  ASSERT_TRUE(dialer.on_message(body(messages[1]), out));
  EXPECT_EQ(out, messages[2]);
  out.clear();
  ASSERT_TRUE(listener.on_message(body(messages[2]), out));
  EXPECT_TRUE(out.empty());
  ASSERT_TRUE(dialer.done() && listener.done());

  noise_session x = dialer.take(), y = listener.take();
  EXPECT_EQ(x.remote, b.peer);
  EXPECT_EQ(y.remote, a.peer);
  EXPECT_TRUE(x.early_yamux && y.early_yamux);
  const auto& plain = vector.at("plain").as_array();
  for (std::size_t i = 3; i < messages.size(); ++i) {
    const bytes wanted = *codec::hex_decode(std::string(plain.at(i - 3).as_string()));
    frame_buffer buffer;
    buffer.append(wanted);
    noise_session& sender = i < 5 ? x : y;
    EXPECT_EQ(to_bytes(sender.sealer.seal(buffer)), messages[i]);
    bytes sealed = body(messages[i]);
    const auto opened = (i < 5 ? y : x).opener.open(sealed);
    ASSERT_TRUE(opened);
    EXPECT_EQ(to_bytes(*opened), wanted);
  }
}

// Everything fits, but the claimed identity did not sign the Noise key: made with the JavaScript
// implementation.
TEST(noise_handshake, refuses_an_identity_that_did_not_sign) {
  const json::value file = load(TP_SOURCE_DIR "/tests/testdata/libp2p/noise_xx.json");
  for (const std::size_t which : {std::size_t{1}, std::size_t{2}}) {
    const json::object& vector = file.as_object().at("vectors").as_array().at(which).as_object();
    vector_side a(vector.at("dialer").as_object()), b(vector.at("listener").as_object());
    const json::array& messages = vector.at("messages").as_array();
    const auto message = [&messages](std::size_t i) {
      return body(unhex(messages.at(i).as_object(), "bytes"));
    };
    bytes out;
    if (text(vector, "forger") == "listener") {
      noise_handshake dialer(role::dialer, a.identity, std::nullopt, a.random);
      dialer.start(out);
      EXPECT_EQ(to_errc(dialer.on_message(message(1), out).error()), errc::noise_failed);
      EXPECT_FALSE(dialer.done());
    } else {
      noise_handshake listener(role::listener, b.identity, std::nullopt, b.random);
      ASSERT_TRUE(listener.on_message(message(0), out));
      EXPECT_EQ(to_errc(listener.on_message(message(2), out).error()), errc::noise_failed);
      EXPECT_FALSE(listener.done());
    }
  }
}

struct pair_of_machines {
  seeded_random random{3};
  crypto::ed25519_key a = crypto::ed25519_key::generate(random), b = crypto::ed25519_key::generate(random);
  noise_handshake dialer{role::dialer, a, std::nullopt, random};
  noise_handshake listener{role::listener, b, std::nullopt, random};
  bytes first, second, third;
};

TEST(noise_handshake, refuses_another_peer_than_the_expected_one) {
  pair_of_machines m;
  noise_handshake picky(role::dialer, m.a, codec::peer_id::from_public_key(m.a.public_key()), m.random);
  picky.start(m.first);
  ASSERT_TRUE(m.listener.on_message(body(m.first), m.second));
  EXPECT_EQ(to_errc(picky.on_message(body(m.second), m.third).error()), errc::peer_id_mismatch);
  EXPECT_FALSE(picky.done());
}

TEST(noise_handshake, refuses_every_flipped_byte) {
  std::size_t second_size = 0, third_size = 0;
  {
    pair_of_machines m;
    m.dialer.start(m.first);
    ASSERT_TRUE(m.listener.on_message(body(m.first), m.second));
    ASSERT_TRUE(m.dialer.on_message(body(m.second), m.third));
    second_size = m.second.size();
    third_size = m.third.size();
  }
  for (std::size_t at = 2; at < second_size; ++at) {
    pair_of_machines m;
    m.dialer.start(m.first);
    ASSERT_TRUE(m.listener.on_message(body(m.first), m.second));
    m.second[at] ^= 1;
    EXPECT_FALSE(m.dialer.on_message(body(m.second), m.third)) << at;
    EXPECT_FALSE(m.dialer.done());
  }
  for (std::size_t at = 2; at < third_size; ++at) {
    pair_of_machines m;
    m.dialer.start(m.first);
    ASSERT_TRUE(m.listener.on_message(body(m.first), m.second));
    ASSERT_TRUE(m.dialer.on_message(body(m.second), m.third));
    m.third[at] ^= 1;
    bytes none;
    EXPECT_FALSE(m.listener.on_message(body(m.third), none)) << at;
    EXPECT_FALSE(m.listener.done());
  }
}

TEST(noise_handshake, refuses_short_and_oversized_messages) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{31}, limits::noise_handshake_bytes_max + 1}) {
    pair_of_machines m;
    bytes out;
    EXPECT_FALSE(m.listener.on_message(bytes(size, 9), out)) << size;
    EXPECT_FALSE(m.dialer.on_message(bytes(size, 9), out)) << size;
  }
}

TEST(noise_handshake, refuses_a_point_of_low_order) {
  pair_of_machines m;
  EXPECT_FALSE(m.listener.on_message(bytes(32, 0), m.second));
}

TEST(noise_cipher, a_large_buffer_becomes_full_messages_that_open_again) {
  const bytes key(32, 5);
  noise_sealer sealer(key);
  noise_opener opener(key);
  for (const std::size_t size :
       {std::size_t{1}, frame_buffer::chunk_max, frame_buffer::chunk_max + 1, std::size_t{200'000}}) {
    frame_buffer buffer;
    bytes wanted(size);
    for (std::size_t i = 0; i < size; ++i) wanted[i] = static_cast<std::uint8_t>(i * 13 + i / 256);
    for (std::size_t i = 0; i < size; i += 7'001)
      buffer.append(bytes_view(wanted).subspan(i, std::min<std::size_t>(7'001, size - i)));
    EXPECT_EQ(buffer.size(), size);
    EXPECT_EQ(buffer.plaintext(), wanted);
    bytes sealed = to_bytes(sealer.seal(buffer));
    EXPECT_EQ(sealed.size(), size + 18 * ((size + frame_buffer::chunk_max - 1) / frame_buffer::chunk_max));
    bytes got;
    for (bytes_span rest = sealed; !rest.empty();) {
      const std::size_t message = noise_message_size(rest);
      ASSERT_GT(message, 0U);
      const auto opened = opener.open(rest.subspan(2, message - 2));
      ASSERT_TRUE(opened);
      append(got, *opened);
      rest = rest.subspan(message);
    }
    EXPECT_EQ(got, wanted);
  }
}

TEST(noise_cipher, refuses_a_message_out_of_turn) {
  const bytes key(32, 5);
  noise_sealer sealer(key);
  noise_opener opener(key);
  frame_buffer first, second;
  first.append(as_bytes("first"));
  second.append(as_bytes("second"));
  sealer.seal(first);
  bytes later = to_bytes(sealer.seal(second));
  EXPECT_FALSE(opener.open(bytes_span(later).subspan(2)));
}

}  // namespace
}  // namespace tp::p2p
