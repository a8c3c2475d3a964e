// The one place of this folder that looks into prompts and answers: checks what engines are sloppy about, and
// adds the fields that engines leave out. A request is never changed; an answer only gains members, every
// other byte stays. Pure; any thread; one answer_fixer an answer. Refuses nothing on the way back: what is
// not understood passes as is.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/secret.hpp"
#include "openai/error_answer.hpp"
#include "openai/routes.hpp"

namespace tp::openai {

enum class delivery { whole, streamed };
enum class stream_usage { not_asked, asked };

// What routing and accounting need to know of a request. `model` is sane or empty (endpoints without JSON).
struct request_facts {
  endpoint which = endpoint::chat_completions;
  std::string model;
  delivery how = delivery::whole;
  stream_usage usage = stream_usage::not_asked;
};

struct request_check {
  std::optional<api_error> refused;  // set: answer this, the engine never sees the request
  request_facts facts;
};

// Checks as api.openai.com would: malformed JSON, no object, `model` missing or no string, empty `messages`,
// unknown roles, `stream` that is no boolean, numbers that are none. Unknown members are the engine's
// business.
request_check check_request(endpoint which, const plaintext& body);

// What an engine answered with a status of 400 or more, in OpenAI's shape.
struct engine_error {
  int status = 502;
  plaintext body;
};

// Adds what engines leave out: choices[].logprobs and choices[].message.refusal (null), and in streams that
// asked for usage the null `usage` of every chunk but the last.
class answer_fixer {
 public:
  explicit answer_fixer(request_facts facts) : facts_(std::move(facts)) {}

  // A whole JSON answer with status 200.
  plaintext whole(plaintext body) const;
  // Whole server-sent events, any number of them.
  plaintext events(plaintext text) const;
  // An error object that already is OpenAI's passes untouched. Otherwise: `code` becomes a string and `param`
  // appears; the engine's message stays for 4xx, where it says what to change, and goes for 5xx, where it may
  // repeat the request; 401 and 403 (the node's own key was refused) become 502 engine_failed.
  static engine_error error(int status, plaintext body);

 private:
  request_facts facts_;
};

}  // namespace tp::openai
