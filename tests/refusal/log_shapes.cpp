// Anybody's words in a log line or a metric. See README.md for how the sections are read.
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/secret.hpp"

using namespace tp;
using namespace std::chrono_literals;

// What is allowed: literals, numbers, durations, errors, names and ids.
void control(logger& log, metrics& registry, std::string_view id) {
  log.info("started");
  log.info("event", field("n", 1), field("e", errc::ok), field("d", 5ms), field("id", safe_id(id)),
           field("kind", literal("fixed")), field("code", error_code(errc::expired)));
  registry.make_counter("name", "Help.", "reason=\"x\"").add();
}

#if defined(LOG_STRING)  // refuses: loggable
void shape(logger& log, const std::string& text) { log.info("event", field("text", text)); }
#endif
#if defined(LOG_STRING_VIEW)  // refuses: loggable
void shape(logger& log, std::string_view text) { log.info("event", field("text", text)); }
#endif
#if defined(LOG_C_STRING)  // refuses: loggable
void shape(logger& log, const char* text) { log.info("event", field("text", text)); }
#endif
#if defined(LOG_ARRAY)  // refuses: loggable
void shape(logger& log, const char (&text)[16]) { log.info("event", field("text", text)); }
#endif
#if defined(LOG_SPAN)  // refuses: loggable
void shape(logger& log, bytes_view data) { log.info("event", field("data", data)); }
#endif
#if defined(LOG_BYTES)  // refuses: loggable
void shape(logger& log, const bytes& data) { log.info("event", field("data", data)); }
#endif
#if defined(LOG_OPTIONAL_STRING)  // refuses: loggable
void shape(logger& log, const std::optional<std::string>& text) { log.info("event", field("text", text)); }
#endif
#if defined(LOG_PLAINTEXT)  // refuses: loggable
void shape(logger& log, const plaintext& secret) { log.info("event", field("secret", secret)); }
#endif
#if defined(LOG_SECRET_KEY)  // refuses: loggable
void shape(logger& log, const secret_key& secret) { log.error("event", field("secret", secret)); }
#endif
#if defined(LOG_REVEALED)  // refuses: loggable
void shape(logger& log, const plaintext& secret) { log.trace("event", field("text", secret.reveal_text())); }
#endif
#if defined(LOG_RESULT)  // refuses: loggable
void shape(logger& log, const result<std::string>& answer) { log.info("event", field("answer", answer)); }
#endif
#if defined(LOG_UNWRAPPED_STRING)  // refuses: wrap every value in field
void shape(logger& log, const std::string& text) { log.info("event", text); }
#endif
#if defined(LOG_EVENT_FROM_STRING)  // refuses: no matching
void shape(logger& log, const std::string& text) { log.info(text); }
#endif
#if defined(LOG_EVENT_FROM_POINTER)  // refuses: no matching
void shape(logger& log, const char* text) { log.info(text); }
#endif
#if defined(LOG_EVENT_FROM_BUFFER)  // refuses: constant expression
void shape(logger& log) {
  char text[] = "filled at run time";
  log.info(text);
}
#endif
#if defined(LOG_KEY_FROM_STRING)  // refuses: no viable conversion|could not convert|no matching function
void shape(logger& log, const std::string& text) { log.info("event", field(text, 1)); }
#endif
#if defined(LOG_ID_UNSAID)  // refuses: no viable conversion|could not convert|conversion from
safe_id shape(const std::string& text) { return text; }
#endif
#if defined(METRIC_NAME_FROM_STRING)  // refuses: no viable conversion|cannot convert
void shape(metrics& registry, const std::string& text) { registry.make_counter("name", "Help.", text); }
#endif
