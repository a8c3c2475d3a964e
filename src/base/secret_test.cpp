#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace {

// The one block of memory that is watched, and whether it held anything but zeros when it was given back.
struct {
  const void* block = nullptr;
  std::size_t size = 0;
  bool freed = false;
  bool clean = false;
} watched;

void look_at(const void* block) {
  if (block == nullptr || block != watched.block) return;
  const auto* first = static_cast<const std::uint8_t*>(block);
  watched.freed = true;
  watched.clean = std::all_of(first, first + watched.size, [](std::uint8_t byte) { return byte == 0; });
  watched.block = nullptr;
}

}  // namespace

// ThreadSanitizer brings an operator new of its own, which cannot be replaced.
#if defined(__SANITIZE_THREAD__)
#define TP_OWN_NEW 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TP_OWN_NEW 0
#endif
#endif
#ifndef TP_OWN_NEW
#define TP_OWN_NEW 1
#endif

#if TP_OWN_NEW
// Every allocation of this test program: the only legal moment to look at memory that is being freed.
void* operator new(std::size_t size) {
  if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept {
  look_at(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
#endif

namespace tp {
namespace {

const bytes words{'m', 'a', 'r', 'k', 'e', 'd', ' ', 'w', 'o', 'r', 'd', 's'};

void watch(const plaintext& secret) { watched = {secret.reveal().data(), secret.size(), false, false}; }

class secret_memory : public testing::Test {
  void SetUp() override {
    if (!TP_OWN_NEW) GTEST_SKIP() << "freed memory cannot be watched under ThreadSanitizer";
  }
};

TEST(wipe, overwrites_exactly_what_it_was_given) {
  bytes data = words;
  wipe(data.data() + 1, data.size() - 2);
  EXPECT_EQ(data.front(), 'm');
  EXPECT_EQ(data.back(), 's');
  EXPECT_TRUE(std::all_of(data.begin() + 1, data.end() - 1, [](std::uint8_t byte) { return byte == 0; }));
  wipe(nullptr, 0);
}

TEST_F(secret_memory, is_wiped_when_it_ends) {
  auto secret = std::make_unique<plaintext>(words);
  watch(*secret);
  secret.reset();
  EXPECT_TRUE(watched.freed);
  EXPECT_TRUE(watched.clean);
}

TEST_F(secret_memory, the_watch_itself_notices_words) {
  auto plain = std::make_unique<bytes>(words);
  watched = {plain->data(), plain->size(), false, true};
  plain.reset();
  EXPECT_TRUE(watched.freed);
  EXPECT_FALSE(watched.clean);
}

TEST(secret, moves_without_leaving_a_copy) {
  plaintext from{bytes(words)};
  const std::uint8_t* const place = from.reveal().data();
  const plaintext to(std::move(from));
  EXPECT_EQ(to.reveal().data(), place);  // the same memory, so nothing is left behind
  EXPECT_EQ(to.reveal_text(), "marked words");
  EXPECT_TRUE(from.empty());  // NOLINT: what a moved-from secret holds is the point
}

TEST_F(secret_memory, assignment_wipes_what_was_there) {
  plaintext old{bytes(words)};
  watch(old);
  old = plaintext(to_bytes("new"));
  EXPECT_TRUE(watched.freed);
  EXPECT_TRUE(watched.clean);
  EXPECT_EQ(old.reveal_text(), "new");
}

TEST_F(secret_memory, growing_wipes_the_smaller_buffer) {
  plaintext secret{bytes(words)};
  watch(secret);
  secret.append(as_bytes(" and far more than the first buffer can hold"));
  EXPECT_TRUE(watched.freed);
  EXPECT_TRUE(watched.clean);
  EXPECT_EQ(secret.reveal_text(), "marked words and far more than the first buffer can hold");
}

TEST_F(secret_memory, clear_wipes_and_keeps_working) {
  plaintext secret{bytes(words)};
  watch(secret);
  secret.clear();
  EXPECT_TRUE(secret.empty());
  secret.append(as_bytes("a"));
  EXPECT_EQ(secret.reveal_text(), "a");
  secret.clear();
  {
    const plaintext end(std::move(secret));
  }
  EXPECT_TRUE(watched.freed);
  EXPECT_TRUE(watched.clean);
}

TEST(secret, prints_only_its_length) {
  EXPECT_EQ(testing::PrintToString(plaintext(words)), "[12 secret bytes]");
  EXPECT_EQ(testing::PrintToString(ciphertext(words)), "[12 secret bytes]");
  EXPECT_EQ(testing::PrintToString(secret_key(words)), "[12 secret bytes]");
}

// The misuse that can be asked as a question; tests/refusal compiles the rest.
static_assert(!std::is_copy_constructible_v<plaintext> && !std::is_copy_assignable_v<plaintext>);
static_assert(std::is_nothrow_move_constructible_v<plaintext> &&
              std::is_nothrow_move_assignable_v<plaintext>);
static_assert(!std::is_convertible_v<plaintext, bytes_view> &&
              !std::is_convertible_v<plaintext, std::string>);
static_assert(!std::is_convertible_v<bytes, plaintext> && !std::is_convertible_v<plaintext, ciphertext>);

}  // namespace
}  // namespace tp
