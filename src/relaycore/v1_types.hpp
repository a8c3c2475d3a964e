// What the first token.place's relay routes carry, as values. Every text is opaque: keys are compared, never
// read, and what is sealed stays as it came.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"

namespace tp::relaycore {

// A sealed message. The last three only with GCM; empty: not sent.
struct v1_sealed {
  std::string chat_history;
  std::string cipherkey;
  std::string iv;
  std::string mode;
  std::string tag;
  std::string associated_data;

  std::size_t bytes() const noexcept {
    return chat_history.size() + cipherkey.size() + iv.size() + mode.size() + tag.size() +
           associated_data.size();
  }
  bool operator==(const v1_sealed&) const = default;
};

enum class v1_form { whole, stream };

// POST /faucet.
struct v1_request {
  std::string server_key;
  std::string client_key;  // empty: named inside the envelope only
  v1_sealed sealed;
  v1_form form = v1_form::whole;
};

// POST /sink.
struct v1_poll {
  std::string server_key;
  std::size_t batch = 1;    // at most so many requests; more than limits::v1_batch_max is taken as that
  bool wants_list = false;  // a batch above 1 was asked for: the answer has "batch"
  std::string challenge_response = {};
};

// One request as a polling node gets it.
struct v1_work {
  std::string client_key;  // may be empty
  v1_sealed sealed;
  std::string stream_session;  // empty: answer at once through /source
};

struct v1_poll_answer {
  std::chrono::seconds next_ping = limits::v1_ping_interval;
  std::vector<v1_work> work;
  std::string challenge;  // to be opened by the node; empty: none is asked for
};

// POST /source.
struct v1_answer {
  std::string client_key;
  v1_sealed sealed;
};

// POST /stream/source.
enum class v1_end { open, final };
struct v1_chunk {
  std::string session;
  std::string json;  // one JSON value, a string or an object, as text
  v1_end end = v1_end::open;
};

// POST /stream/retrieve.
struct v1_chunks {
  std::string session;
  std::vector<std::string> json;
  v1_end end = v1_end::open;
};

}  // namespace tp::relaycore
