#include "crypto/key_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "crypto/random.hpp"

namespace tp::crypto {
namespace {

namespace fs = std::filesystem;

class key_file : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "key_file_test_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    file = folder / "identity.key";
  }
  void TearDown() override { fs::remove_all(folder); }
  void write(std::string_view text, fs::perms mode = fs::perms::owner_read | fs::perms::owner_write) {
    std::ofstream(file, std::ios::binary) << text;
    fs::permissions(file, mode);
  }
  std::string read() {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::size_t files() {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }
  os_random random;
  fs::path folder, file;
};

// RFC 8410 section 10.3: the key and its public key.
constexpr std::string_view rfc_8410 =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";

TEST_F(key_file, is_made_once_and_read_again) {
  const ed25519_key made = load_or_create_identity(file, random).value();
  const ed25519_key again = load_or_create_identity(file, random).value();
  const ed25519_key loaded = load_identity(file).value();
  EXPECT_EQ(made.public_key(), again.public_key());
  EXPECT_EQ(made.public_key(), loaded.public_key());
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(key_file, is_pkcs8_pem_as_openssl_writes_it) {
  write(rfc_8410);
  const ed25519_key key = load_identity(file).value();
  EXPECT_EQ(key.public_key()[0], 0x19);
  EXPECT_EQ(key.public_key()[31], 0xe1);
  fs::remove(file);
  ASSERT_TRUE(load_or_create_identity(file, random).has_value());
  EXPECT_EQ(read().size(), rfc_8410.size());
  EXPECT_TRUE(read().starts_with("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI"));
}

TEST_F(key_file, that_others_can_reach_is_refused) {
  for (const fs::perms extra : {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write,
                                fs::perms::others_write, fs::perms::group_exec}) {
    write(rfc_8410, fs::perms::owner_read | fs::perms::owner_write | extra);
    EXPECT_EQ(load_or_create_identity(file, random).error(), errc::permission_denied);
    EXPECT_EQ(read(), rfc_8410);
  }
}

TEST_F(key_file, with_other_content_is_refused_and_left_alone) {
  const std::string cut(rfc_8410.substr(0, 70));
  const std::string large(5'000, 'x');
  for (const std::string& text :
       {std::string(), std::string("hello\n"), cut, large, std::string(rfc_8410) + large}) {
    write(text);
    EXPECT_EQ(load_or_create_identity(file, random).error(), errc::key_file_invalid);
    EXPECT_EQ(read(), text);
  }
}

TEST_F(key_file, that_is_no_regular_file_is_refused_without_waiting) {
  fs::create_directory(file);
  EXPECT_EQ(load_or_create_identity(file, random).error(), errc::key_file_invalid);
  fs::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(load_or_create_identity(file, random).error(), errc::key_file_invalid);
}

TEST_F(key_file, that_cannot_be_read_is_refused) {
  write(rfc_8410, fs::perms::none);
  fs::permissions(folder, fs::perms::owner_all | fs::perms::others_exec);
  const bool root = ::geteuid() == 0;  // root reads everything: become nobody for the call
  if (root) ASSERT_EQ(::seteuid(65'534), 0);
  const result<ed25519_key> outcome = load_or_create_identity(file, random);
  if (root) ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(outcome.error(), errc::permission_denied);
}

TEST_F(key_file, in_a_missing_folder_is_refused) {
  EXPECT_EQ(load_or_create_identity(folder / "none" / "identity.key", random).error(), errc::file_not_found);
  EXPECT_EQ(load_identity(file).error(), errc::file_not_found);
}

TEST_F(key_file, wanted_by_many_at_once_is_one_key) {
  constexpr std::size_t many = 8;
  std::array<ed25519_public, many> seen{};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < many; ++i)
    threads.emplace_back([this, &seen, i] {
      os_random own;
      seen[i] = load_or_create_identity(file, own).value().public_key();
    });
  for (std::thread& t : threads) t.join();
  for (const ed25519_public& key : seen) EXPECT_EQ(key, seen[0]);
  EXPECT_EQ(files(), 1U);
}

}  // namespace
}  // namespace tp::crypto
