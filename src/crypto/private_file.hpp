// Small files that hold a secret: read with the checks key_file.hpp promises, created whole or not at all.
// Blocking; the only part of the folder that knows the operating system. Any thread.
#pragma once

#include <filesystem>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace tp::crypto {

// At most `bytes_max`. file_not_found; permission_denied (no access, or others have some); key_file_invalid
// (not a regular file, or larger); io_error.
result<secret_key> read_private_file(const std::filesystem::path& file, std::size_t bytes_max);

enum class created { yes, existed };
// Writes a neighbour, makes it durable, then gives it the name unless somebody was quicker: readers see all
// of it or nothing. file_not_found: no such folder; permission_denied; io_error.
result<created> create_private_file(const std::filesystem::path& file, bytes_view content,
                                    random_source& random);

}  // namespace tp::crypto
