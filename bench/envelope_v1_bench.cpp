// envelope_v1_bench [SECONDS]: what opening and sealing the first envelope costs one core, and how much of it
// is RSA's. One JSON object a line: key and content size, opens and seals a second, the private operation
// alone.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>

#include "base/bytes.hpp"
#include "crypto/random.hpp"
#include "e2ee/envelope_v1.hpp"
#include "e2ee/v1_public_key.hpp"

namespace {

using namespace tp;

// Calls a second of this core's time, over at least `seconds` of it: other programs do not count.
double rate(double seconds, const std::function<void()>& call) {
  const std::clock_t start = std::clock();
  double passed = 0;
  int calls = 0;
  do {
    call();
    ++calls;
    passed = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  } while (passed < seconds);
  return calls / passed;
}

void expect(bool good) {
  if (good) return;
  std::fputs("an envelope did not open\n", stderr);
  std::exit(1);
}

void measure(const crypto::rsa_key& key, std::size_t content_bytes, e2ee::v1_mode mode, double seconds) {
  crypto::os_random random;
  const std::string text = "[\"" + std::string(content_bytes - 4, 'w') + "\"]";
  const plaintext content(as_bytes(text));
  e2ee::v1_sealing sealing;
  sealing.mode = mode;
  const auto sealed = e2ee::seal_v1(content, key.public_key(), sealing, random).value();
  auto broken = sealed;
  broken.cipherkey.back() ^= 1;
  const double good =
      rate(seconds, [&] { expect(e2ee::open_v1(sealed, key, e2ee::v1_content::json).has_value()); });
  const double bad =
      rate(seconds, [&] { expect(e2ee::open_v1(broken, key, e2ee::v1_content::json).has_error()); });
  const double rsa = rate(seconds, [&] { key.decrypt(sealed.cipherkey, 44); });
  const double seals =
      rate(seconds, [&] { expect(e2ee::seal_v1(content, key.public_key(), sealing, random).has_value()); });
  std::printf(
      "{\"bits\":%zu,\"mode\":\"%s\",\"content_bytes\":%zu,\"opens_per_s\":%.0f,"
      "\"refusals_per_s\":%.0f,\"rsa_us\":%.0f,\"rsa_share\":%.2f,\"seals_per_s\":%.0f}\n",
      key.modulus_bytes() * 8, mode == e2ee::v1_mode::cbc ? "CBC" : "GCM", content_bytes, good, bad,
      1e6 / rsa, good / rsa, seals);
}

}  // namespace

int main(int count, char** arguments) {
  const double seconds = count > 1 ? std::strtod(arguments[1], nullptr) : 1.0;
  for (const std::size_t bits : {2048U, 4096U}) {
    const auto key = crypto::rsa_key::generate(bits);
    for (const std::size_t size : {512U, 4'096U, 1U << 20})
      for (const auto mode : {e2ee::v1_mode::cbc, e2ee::v1_mode::gcm}) measure(key, size, mode, seconds);
    const std::string text = e2ee::v1_public_key_text(key.public_key());
    const double keys = rate(seconds, [&] { expect(e2ee::parse_v1_public_key(text).has_value()); });
    std::printf("{\"bits\":%zu,\"public_keys_read_per_s\":%.0f}\n", bits, keys);
  }
  return 0;
}
