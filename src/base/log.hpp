// Structured logging that cannot carry anybody's words.
// log.info("node_registered", field("peer", id), field("models", 3)): the event is a literal; a field is a
// number, an enumeration with a name(), a duration, an error, or an id type of ours (safe_id). Strings,
// views, spans and JSON do not satisfy `loggable`, so they do not compile. One line per event to stderr, text
// or JSON. Owned by main, passed in `services`; call from any thread.
#pragma once

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace tp {

// A string literal, checked at compile time: event and field names are chosen by us, never by input.
class literal {
 public:
  template <std::size_t N>
  consteval literal(const char (&text)[N]) : text_(text, N - 1) {}  // NOLINT: implicit by design
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// A short public identifier (peer id, request id, model id fingerprint): at most 64 characters of
// [A-Za-z0-9._:-], anything else is replaced, so it can never carry a sentence. Build one only from ids.
class safe_id {
 public:
  explicit safe_id(std::string_view id);
  std::string_view text() const { return text_; }

 private:
  std::string text_;
};

template <class T>
concept named_enum = std::is_enum_v<T> && requires(T value) {
  { name(value) } -> std::convertible_to<std::string_view>;
};
template <class T>
struct is_duration : std::false_type {};
template <class Rep, class Period>
struct is_duration<std::chrono::duration<Rep, Period>> : std::true_type {};

template <class T>
concept loggable = std::is_arithmetic_v<T> || named_enum<T> || is_duration<T>::value ||
                   std::same_as<T, error_code> || std::same_as<T, safe_id> || std::same_as<T, literal>;

class log_field {
 public:
  template <loggable T>
  log_field(literal key, const T& value) : key_(key.text()) {
    if constexpr (std::is_same_v<T, bool>) {
      text_ = value ? "true" : "false";
      quoted_ = false;
    } else if constexpr (std::is_floating_point_v<T>) {
      text_ = std::isfinite(value) ? std::to_string(value) : "null";  // JSON has no other word for it
      quoted_ = false;
    } else if constexpr (std::is_arithmetic_v<T>) {
      text_ = std::to_string(value);
      quoted_ = false;
    } else if constexpr (is_duration<T>::value) {
      text_ = std::to_string(std::chrono::duration<double, std::milli>(value).count()) + "ms";
    } else if constexpr (std::same_as<T, error_code>) {
      text_ = name(to_errc(value));
    } else if constexpr (named_enum<T>) {
      text_ = name(value);
    } else {
      text_ = value.text();
    }
  }
  std::string_view key() const { return key_; }
  std::string_view text() const { return text_; }
  bool quoted() const { return quoted_; }

 private:
  std::string_view key_;
  std::string text_;
  bool quoted_ = true;
};

template <loggable T>
log_field field(literal key, const T& value) {
  return log_field(key, value);
}

enum class log_level { trace, debug, info, warning, error, off };
enum class log_format { text, json };
std::string_view name(log_level level) noexcept;

class logger {
 public:
  using fields = std::initializer_list<log_field>;
  virtual ~logger() = default;
  virtual bool enabled(log_level level) const noexcept = 0;
  virtual void write(log_level level, literal event, fields values) = 0;

  template <class... Fields>
  void trace(literal event, const Fields&... values) {
    put(log_level::trace, event, values...);
  }
  template <class... Fields>
  void debug(literal event, const Fields&... values) {
    put(log_level::debug, event, values...);
  }
  template <class... Fields>
  void info(literal event, const Fields&... values) {
    put(log_level::info, event, values...);
  }
  template <class... Fields>
  void warning(literal event, const Fields&... values) {
    put(log_level::warning, event, values...);
  }
  template <class... Fields>
  void error(literal event, const Fields&... values) {
    put(log_level::error, event, values...);
  }

 private:
  template <class... Fields>
  void put(log_level level, literal event, const Fields&... values) {
    static_assert((std::same_as<Fields, log_field> && ...), "wrap every value in field(\"name\", value)");
    if (enabled(level)) write(level, event, {values...});
  }
};

// Writes to stderr, one write(2) a line.
class stderr_logger final : public logger {
 public:
  stderr_logger(log_level level, log_format format, const clock_source& clock)
      : level_(level), format_(format), clock_(clock) {}
  bool enabled(log_level level) const noexcept override { return level >= level_; }
  void write(log_level level, literal event, fields values) override;

 private:
  log_level level_;
  log_format format_;
  const clock_source& clock_;
};

class null_logger final : public logger {
 public:
  bool enabled(log_level) const noexcept override { return false; }
  void write(log_level, literal, fields) override {}
};

}  // namespace tp
