// Misuse of plaintext, ciphertext and secret_key. See README.md for how the sections are read.
#include <cstdio>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>

#include "base/secret.hpp"

using namespace tp;

plaintext make_plaintext();

// What is allowed: the words stay in one place, and who looks says so.
std::size_t control(plaintext& secret) {
  const bytes_view shown = secret.reveal();
  const std::string_view text = secret.reveal_text();
  plaintext moved(std::move(secret));
  secret = std::move(moved);
  secret = make_plaintext();
  secret.append(as_bytes("more"));
  const plaintext held = make_plaintext();
  return shown.size() + text.size() + held.reveal().size();
}

#if defined(PRINT_PLAINTEXT)  // refuses: deleted
void shape(const plaintext& secret) { std::cout << secret; }
#endif
#if defined(PRINT_CIPHERTEXT)  // refuses: deleted
void shape(const ciphertext& secret) { std::cerr << secret; }
#endif
#if defined(PRINT_SECRET_KEY)  // refuses: deleted
void shape(const secret_key& secret, std::ostringstream& out) { out << secret; }
#endif
#if defined(PRINT_BY_PRINTF)  // refuses: cannot pass object|deleted
void shape(const plaintext& secret) { std::printf("%s", secret); }
#endif
#if defined(TO_STRING)  // refuses: no matching function
std::string shape(const plaintext& secret) { return std::to_string(secret); }
#endif
#if defined(CONVERT_TO_STRING)  // refuses: no viable conversion|could not convert
std::string shape(const plaintext& secret) { return secret; }
#endif
#if defined(CONSTRUCT_STRING)  // refuses: no matching (conversion|function|constructor)
std::string shape(const plaintext& secret) { return std::string(secret); }
#endif
#if defined(CONVERT_TO_STRING_VIEW)  // refuses: no viable conversion|conversion from|could not convert
std::string_view shape(const plaintext& secret) { return secret; }
#endif
#if defined(CONVERT_TO_BYTES_VIEW)  // refuses: no viable conversion|conversion from|could not convert
bytes_view shape(const plaintext& secret) { return secret; }
#endif
#if defined(CONVERT_TO_BYTES)  // refuses: no viable conversion|conversion from|could not convert
bytes shape(const plaintext& secret) { return secret; }
#endif
#if defined(JOIN_TO_STRING)  // refuses: invalid operands|no match for
std::string shape(const plaintext& secret) { return "prompt: " + secret; }
#endif
#if defined(APPEND_TO_STRING)  // refuses: no matching|no viable
void shape(const plaintext& secret, std::string& text) { text.append(secret); }
#endif
#if defined(COPY_PLAINTEXT)  // refuses: deleted
void shape(const plaintext& secret) { const plaintext copy = secret; }
#endif
#if defined(ASSIGN_COPY)  // refuses: deleted
void shape(const secret_key& from, secret_key& to) { to = from; }
#endif
#if defined(CAPTURE_COPY)  // refuses: deleted
auto shape(const plaintext& secret) {
  return [secret] { return secret.size(); };
}
#endif
#if defined(REVEAL_TEMPORARY)  // refuses: deleted
bytes_view shape() { return make_plaintext().reveal(); }
#endif
#if defined(REVEAL_TEXT_TEMPORARY)  // refuses: deleted
std::string_view shape() { return make_plaintext().reveal_text(); }
#endif
#if defined(REVEAL_MOVED)  // refuses: deleted
bytes_view shape(plaintext& secret) { return std::move(secret).reveal(); }
#endif
#if defined(COMPARE_KEYS)  // refuses: invalid operands|no match for
bool shape(const secret_key& a, const secret_key& b) { return a == b; }
#endif
#if defined(COMPARE_PLAINTEXT)  // refuses: invalid operands|no match for
bool shape(const plaintext& a) { return a == "words"; }
#endif
#if defined(ORDER_KEYS)  // refuses: invalid operands|no match for
bool shape(const secret_key& a, const secret_key& b) { return a < b; }
#endif
#if defined(HASH_PLAINTEXT)  // refuses: deleted|does not provide a call operator
std::size_t shape(const plaintext& secret) { return std::hash<plaintext>()(secret); }
#endif
#if defined(WALK_PLAINTEXT)  // refuses: begin
void shape(const plaintext& secret) {
  for (const auto byte : secret) std::putchar(byte);
}
#endif
#if defined(INDEX_PLAINTEXT)  // refuses: subscript|operator..
int shape(const plaintext& secret) { return secret[0]; }
#endif
#if defined(MIX_SECRETS)  // refuses: no viable|no matching|conversion from
void shape(plaintext& secret) { const ciphertext other = std::move(secret); }
#endif
#if defined(SECRET_FROM_BYTES_UNSAID)  // refuses: no viable|could not convert|conversion from
plaintext shape(bytes_view words) { return words; }
#endif
