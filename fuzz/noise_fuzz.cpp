// Noise from a stranger: nothing but the peer's own key makes a handshake or a message succeed, in either
// role.
#include "libp2p/noise_handshake.hpp"

#include "base/assert.hpp"
#include "libp2p/upgrade.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tp;
  const bytes_view input(data, size);
  seeded_random random(1);
  static const crypto::ed25519_key identity = crypto::ed25519_key::generate(random);
  for (const p2p::role as : {p2p::role::dialer, p2p::role::listener}) {
    bytes out;
    p2p::noise_handshake machine(as, identity, std::nullopt, random);
    machine.start(out);
    const std::size_t cut = size == 0 ? 0 : data[0] % size;
    const auto first = machine.on_message(input.first(cut), out);
    if (first) TP_ASSERT(!machine.on_message(input.subspan(cut), out));
    TP_ASSERT(!machine.done());

    p2p::upgrade upgrade(as, identity, std::nullopt, random);
    upgrade.start(out);
    if (upgrade.on_bytes(input.first(cut), out)) static_cast<void>(upgrade.on_bytes(input.subspan(cut), out));
    TP_ASSERT(!upgrade.done());
  }
  bytes message = to_bytes(input);
  p2p::noise_opener opener(bytes(32, 1));
  TP_ASSERT(!opener.open(message));
  return 0;
}
