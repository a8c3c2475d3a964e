#include "base/log.hpp"

#include <cstdio>
#include <ctime>

namespace tp {

namespace {

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == ':' || c == '-';
}

std::string timestamp(std::int64_t unix_milliseconds) {
  const std::time_t seconds = static_cast<std::time_t>(unix_milliseconds / 1000);
  std::tm parts{};
#ifdef _WIN32
  gmtime_s(&parts, &seconds);
#else
  gmtime_r(&seconds, &parts);
#endif
  char date[32];
  const std::size_t size = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(unix_milliseconds % 1000));
  return std::string(date, size) + fraction;
}

}  // namespace

safe_id::safe_id(std::string_view id) : text_(id.substr(0, 64)) {
  for (char& c : text_) {
    if (!is_id_character(c)) c = '_';
  }
}

std::string_view name(log_level level) noexcept {
  switch (level) {
    case log_level::trace:
      return "trace";
    case log_level::debug:
      return "debug";
    case log_level::info:
      return "info";
    case log_level::warning:
      return "warning";
    case log_level::error:
      return "error";
    case log_level::off:
      return "off";
  }
  return "unknown";
}

// Keys are literals and texts are numbers, names or safe ids, so no escaping is needed.
void stderr_logger::write(log_level level, literal event, fields values) {
  std::string line;
  const std::string when = timestamp(clock_.unix_milliseconds());
  if (format_ == log_format::json) {
    line.append("{\"time\":\"").append(when).append("\",\"level\":\"").append(name(level));
    line.append("\",\"event\":\"").append(event.text()).append("\"");
    for (const log_field& value : values) {
      const char* quote = value.quoted() ? "\"" : "";
      line.append(",\"").append(value.key()).append("\":").append(quote).append(value.text()).append(quote);
    }
    line.append("}\n");
  } else {
    line.append(when).append(" ").append(name(level)).append(" ").append(event.text());
    for (const log_field& value : values)
      line.append(" ").append(value.key()).append("=").append(value.text());
    line.append("\n");
  }
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace tp
