// Why a program cannot start, in words that say what to do. Pure, but for looking whether a file can be read.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace tp::apps {

// Goes on after "HOST:PORT ".
inline std::string listening_reason(errc why) {
  switch (why) {
    case errc::address_in_use:
      return "is in use; stop what listens there or choose another port";
    case errc::permission_denied:
      return "needs more rights; choose a port above 1023";
    case errc::invalid_argument:
      return "is no address of this machine; give an IP address that it has, such as 127.0.0.1";
    default:
      return std::string("cannot be listened on (").append(name(why)).append(")");
  }
}

// The line that refuses a file which an option names but nobody can read; empty if it can be read or none is
// named.
inline std::string unreadable_file(const config::settings& values, std::string_view option) {
  const std::string path = values.path(option).string();
  if (path.empty() || ::access(path.c_str(), R_OK) == 0) return {};
  const bool missing = errno == ENOENT || errno == ENOTDIR;
  return values.refusal_line(option, missing ? "there is no such file" : "the file may not be read");
}

}  // namespace tp::apps
