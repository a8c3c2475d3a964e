// Secrets and JSON. See README.md for how the sections are read.
#include "base/log.hpp"
#include "base/secret.hpp"
#include "codec/json.hpp"

using namespace tp;

// What is allowed: parsing revealed words where they are needed, and building JSON from our own values.
std::string control(const plaintext& secret) {
  const auto parsed = codec::parse_json(secret.reveal_text());
  json::object answer;
  answer["count"] = parsed.has_value() ? 1 : 0;
  return codec::to_text(answer);
}

#if defined(JSON_VALUE_FROM_PLAINTEXT)  // refuses: tag_invoke
json::value shape(const plaintext& secret) { return json::value_from(secret); }
#endif
#if defined(JSON_VALUE_OF_PLAINTEXT)  // refuses: no viable conversion|no matching|could not convert
json::value shape(const plaintext& secret) { return secret; }
#endif
#if defined(JSON_MEMBER_OF_PLAINTEXT)  // refuses: no viable|no match|no matching
void shape(json::object& object, const plaintext& secret) { object["text"] = secret; }
#endif
#if defined(JSON_LIST_OF_PLAINTEXT)  // refuses: no viable|no match|no known conversion
void shape(json::array& array, const plaintext& secret) { array.push_back(secret); }
#endif
#if defined(LOG_JSON_VALUE)  // refuses: loggable
void shape(logger& log, const json::value& value) { log.info("event", field("value", value)); }
#endif
#if defined(LOG_JSON_STRING)  // refuses: loggable
void shape(logger& log, const json::string& text) { log.info("event", field("text", text)); }
#endif
