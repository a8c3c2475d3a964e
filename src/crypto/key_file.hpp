// A node's identity on disk: one Ed25519 private key as PKCS#8 PEM (RFC 8410; `openssl genpkey -algorithm
// ed25519` writes the same). Blocking file access: call at start-up or on a worker. Owner: main. Refused:
// files that others may read or write, links to anything that is not a regular file, files over 4 KiB, other
// kinds of keys, encrypted PEM.
#pragma once

#include <filesystem>

#include "crypto/ed25519.hpp"

namespace tp::crypto {

// Reads the key, or makes and stores one where the file does not exist (the folder must). The file appears
// whole, with mode 0600; two processes that start at once end with the same key. permission_denied: no
// access, or the mode is wider than 0600. key_file_invalid: not such a file. file_not_found: the folder does
// not exist. io_error: anything else.
result<ed25519_key> load_or_create_identity(const std::filesystem::path& file, random_source& random);

// Reads only; file_not_found where there is none.
result<ed25519_key> load_identity(const std::filesystem::path& file);

}  // namespace tp::crypto
