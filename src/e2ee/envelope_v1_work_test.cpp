// No oracle by time: whatever is wrong with an envelope, opening it does the same work. Not measured, but
// counted: the linker puts these counters before OpenSSL's functions (see src/CMakeLists.txt).
#ifdef TP_COUNT_CALLS

#include <gtest/gtest.h>

#include <map>
#include <ostream>

#include "codec/vector_file.hpp"
#include "e2ee/envelope_v1.hpp"

namespace {

struct work {
  int rsa_operations = 0;
  int hashes = 0;
  std::size_t hashed_bytes = 0;
  int authentications = 0;
  std::size_t deciphered_bytes = 0;
  bool operator==(const work&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const work& w) {
    return out << w.rsa_operations << " RSA, " << w.hashes << " hashes of " << w.hashed_bytes << " bytes, "
               << w.authentications << " HMAC, " << w.deciphered_bytes << " bytes deciphered";
  }
};
work counted;

}  // namespace

// Opaque pointers instead of OpenSSL's headers, which this folder may not include: only passed on.
extern "C" {
int __real_EVP_PKEY_decrypt(void* c, unsigned char* out, std::size_t* out_size, const unsigned char* in,
                            std::size_t size);
int __wrap_EVP_PKEY_decrypt(void* c, unsigned char* out, std::size_t* out_size, const unsigned char* in,
                            std::size_t size) {
  ++counted.rsa_operations;
  return __real_EVP_PKEY_decrypt(c, out, out_size, in, size);
}
int __real_EVP_DecryptUpdate(void* c, unsigned char* out, int* out_size, const unsigned char* in, int size);
int __wrap_EVP_DecryptUpdate(void* c, unsigned char* out, int* out_size, const unsigned char* in, int size) {
  if (out != nullptr) counted.deciphered_bytes += static_cast<std::size_t>(size);
  return __real_EVP_DecryptUpdate(c, out, out_size, in, size);
}
int __real_EVP_Digest(const void* data, std::size_t size, unsigned char* out, unsigned int* out_size,
                      const void* kind, void* engine);
int __wrap_EVP_Digest(const void* data, std::size_t size, unsigned char* out, unsigned int* out_size,
                      const void* kind, void* engine) {
  ++counted.hashes;
  counted.hashed_bytes += size;
  return __real_EVP_Digest(data, size, out, out_size, kind, engine);
}
unsigned char* __real_HMAC(const void* kind, const void* key, int key_size, const unsigned char* data,
                           std::size_t size, unsigned char* out, unsigned int* out_size);
unsigned char* __wrap_HMAC(const void* kind, const void* key, int key_size, const unsigned char* data,
                           std::size_t size, unsigned char* out, unsigned int* out_size) {
  ++counted.authentications;
  return __real_HMAC(kind, key, key_size, data, size, out, out_size);
}
}

namespace tp::e2ee {
namespace {

work work_of(const v1_envelope& envelope, const crypto::rsa_key& key) {
  counted = {};
  const result<v1_opened> opened = open_v1(envelope, key, v1_content::json);
  return counted;
}

TEST(envelope_v1_work, is_the_same_for_every_envelope_of_a_size) {
  const json::value vectors = codec::load_vectors("vectors/envelope-v1.json");
  const std::string_view pem = codec::text_in(vectors, "private_key_pkcs8");
  const auto key = crypto::rsa_key::from_pem(secret_key(as_bytes(pem))).value();
  int compared = 0;
  std::map<std::pair<v1_mode, std::size_t>, work> expected;  // by mode and whole blocks of ciphertext
  for (const char* list : {"opens", "refused"}) {
    for (const json::value& row : codec::list_of(vectors.as_object(), list)) {
      const std::string name(codec::text_in(row, "name"));
      const v1_fields fields = v1_fields_of(row.at("envelope").as_object(), v1_body::ciphertext).value();
      const v1_envelope envelope = parse_v1(fields, limits::v1_request_bytes_max).value();
      const work done = work_of(envelope, key);
      EXPECT_EQ(done.rsa_operations, 1) << name;
      const std::size_t size = envelope.ciphertext.size();
      const auto kind = std::pair(envelope.mode, envelope.mode == v1_mode::cbc ? size / 16 : size);
      const auto [known, fresh] = expected.emplace(kind, done);
      if (!fresh) ++compared;
      EXPECT_EQ(known->second, done) << name;
    }
  }
  EXPECT_GT(compared, 60);
}

}  // namespace
}  // namespace tp::e2ee

#endif
