// The one place of this folder that looks into prompts and answers: checks what engines are sloppy about, and adds
// the fields that engines leave out. A request is never changed; an answer only gains members, every other byte stays.
// Pure; any thread; one answer_fixer an answer. Refuses nothing on the way back: what is not understood passes as is.
#pragma once

#include <optional>
#include <string>

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

// Checks as api.openai.com would: malformed JSON, no object, `model` missing or no string, empty `messages`, unknown
// roles, `stream` that is no boolean, numbers that are none. Unknown members are the engine's business.
request_check check_request(endpoint which, const plaintext& body);

// Adds what engines leave out: choices[].logprobs and choices[].message.refusal (null), and in streams that asked for
// usage the null `usage` of every chunk but the last.
class answer_fixer {
 public:
  explicit answer_fixer(const request_facts& facts) : facts_(facts) {}

  // A whole JSON answer with status 200.
  plaintext whole(plaintext body) const;
  // Whole server-sent events, any number of them.
  plaintext events(plaintext text) const;

 private:
  request_facts facts_;
};

// Answers of an engine that failed: passed on when they already are an OpenAI error object, else nullopt.
bool is_error_object(const plaintext& body);

}  // namespace tp::openai
