#include "crypto/private_file.hpp"

#include <array>
#include <cerrno>
#include <string>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <share.h>
#include <sys/stat.h>
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace tp::crypto {

namespace {

errc from_errno(int error) {
  switch (error) {
    case ENOENT:
      return errc::file_not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return errc::permission_denied;
    case ELOOP:
    case EISDIR:
      return errc::key_file_invalid;
    default:
      return errc::io_error;
  }
}

#ifdef _WIN32
// The profile's access list protects the file there; it has no mode bits to check.
int open_to_read(const std::filesystem::path& file) {
  int fd = -1;
  _wsopen_s(&fd, file.c_str(), _O_RDONLY | _O_BINARY | _O_NOINHERIT, _SH_DENYNO, 0);
  return fd;
}
int open_new(const std::filesystem::path& file) {
  int fd = -1;
  _wsopen_s(&fd, file.c_str(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT, _SH_DENYRW,
            _S_IREAD | _S_IWRITE);
  return fd;
}
errc check(int fd) {
  struct _stat64 status{};
  if (_fstat64(fd, &status) != 0) return errc::io_error;
  return (status.st_mode & _S_IFREG) != 0 ? errc::ok : errc::key_file_invalid;
}
std::ptrdiff_t read_some(int fd, bytes_span out) {
  return _read(fd, out.data(), static_cast<unsigned>(out.size()));
}
std::ptrdiff_t write_some(int fd, bytes_view in) {
  return _write(fd, in.data(), static_cast<unsigned>(in.size()));
}
int sync(int fd) { return _commit(fd); }
void sync_folder(const std::filesystem::path&) {}
void close_file(int fd) { _close(fd); }
#else
int open_to_read(const std::filesystem::path& file) {
  // O_NONBLOCK: a pipe in this place must not hang the start.
  return ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}
int open_new(const std::filesystem::path& file) {
  return ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
}
errc check(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return errc::io_error;
  if (!S_ISREG(status.st_mode)) return errc::key_file_invalid;
  const mode_t others = S_IRWXG | S_IRWXO;
  return (status.st_mode & others) == 0 ? errc::ok : errc::permission_denied;
}
std::ptrdiff_t read_some(int fd, bytes_span out) { return ::read(fd, out.data(), out.size()); }
std::ptrdiff_t write_some(int fd, bytes_view in) { return ::write(fd, in.data(), in.size()); }
int sync(int fd) { return ::fsync(fd); }
void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  if (fd < 0) return;
  ::fsync(fd);  // some file systems refuse; the file itself is safe already
  ::close(fd);
}
void close_file(int fd) { ::close(fd); }
#endif

class open_file {
 public:
  explicit open_file(int fd) : fd_(fd) {}
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    if (fd_ >= 0) close_file(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

// Removes the neighbour whatever happens.
class neighbour {
 public:
  neighbour(const std::filesystem::path& file, random_source& random) : path_(file) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<std::uint8_t, 8> name{};
    random.fill(name);
    std::string suffix = ".new-";
    for (const std::uint8_t byte : name) {
      suffix += digits[byte >> 4];
      suffix += digits[byte & 15];
    }
    path_ += suffix;
  }
  neighbour(const neighbour&) = delete;
  neighbour& operator=(const neighbour&) = delete;
  ~neighbour() {
    std::error_code ignored;
    if (exists_) std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }
  errc write(bytes_view content) {
    const open_file file(open_new(path_));
    if (file.fd() < 0) return from_errno(errno);
    exists_ = true;
    while (!content.empty()) {
      const std::ptrdiff_t written = write_some(file.fd(), content);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return errc::io_error;
      content = content.subspan(static_cast<std::size_t>(written));
    }
    return sync(file.fd()) == 0 ? errc::ok : errc::io_error;
  }

 private:
  std::filesystem::path path_;
  bool exists_ = false;
};

}  // namespace

result<secret_key> read_private_file(const std::filesystem::path& file, std::size_t bytes_max) {
  const open_file in(open_to_read(file));
  if (in.fd() < 0) return from_errno(errno);
  if (const errc failure = check(in.fd()); failure != errc::ok) return failure;
  bytes buffer(bytes_max + 1);  // one more than allowed tells a file that is too large
  std::size_t size = 0;
  while (size < buffer.size()) {
    const std::ptrdiff_t got = read_some(in.fd(), bytes_span(buffer).subspan(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      wipe(buffer.data(), buffer.size());
      return errc::io_error;
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  secret_key content(bytes_view(buffer).first(size));
  wipe(buffer.data(), buffer.size());
  if (size > bytes_max) return errc::key_file_invalid;
  return content;
}

result<created> create_private_file(const std::filesystem::path& file, bytes_view content,
                                    random_source& random) {
  neighbour temporary(file, random);
  if (const errc failure = temporary.write(content); failure != errc::ok) return failure;
  std::error_code error;
  // A link, not a rename: it fails where the name exists, so the first of two processes wins.
  std::filesystem::create_hard_link(temporary.path(), file, error);
  if (error == std::errc::file_exists) return created::existed;
  if (error) return errc::io_error;
  sync_folder(file.parent_path());
  return created::yes;
}

}  // namespace tp::crypto
