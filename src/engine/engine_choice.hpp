// From a node's options to its engine: the mock, a server by URL, or a llama-server for each model file.
// Called once by main's composition, before the loop runs: it reads the script, key and model files' names.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/secret.hpp"
#include "base/services.hpp"
#include "engine/engine.hpp"
#include "net/tls.hpp"

namespace tp::engine {

struct engine_options {
  bool mock = false;
  std::string mock_script{};          // path; empty: none
  std::string engine_url{};           // empty: none
  secret_key engine_key{};            // for engine_url; empty: none is sent
  std::string engine_path{};          // a llama-server; empty: PATH, then cache_dir
  std::vector<std::string> models{};  // GGUF files, or default_model_id; empty: the default model
  std::int64_t context = 0;           // tokens a call; 0: limits::engine_context_default
  std::size_t threads = 0;            // of a llama-server; 0: one less than there are cores, at least one
  std::size_t max_concurrency = limits::node_concurrency_default;
  std::string cache_dir{};                 // <cache>/token.place, where tools/setup puts engine and model
  std::vector<std::string> environment{};  // of this process, "NAME=value": for PATH and for the child
};

inline constexpr std::string_view default_model_id = "smollm2-135m-instruct";

// Why there is no engine, as one line that names the option and what to do; made of our own words and the
// option's.
struct engine_refusal {
  errc why = errc::ok;
  std::string message;
};

// Null, and `refusal` says why: more than one of mock, engine_url and models (invalid_configuration), a URL
// that is none, a script that cannot be read or understood, no llama-server (file_not_found), a model file
// that is not there. `tls` may be null unless the URL is https.
std::unique_ptr<engine> make_engine(const boost::asio::any_io_executor& executor, engine_options options,
                                    const net::tls_client* tls, services& with, engine_refusal& refusal);

// Where the default model lies in a cache folder, and the llama-server that make_engine would take; nullopt:
// nowhere.
std::string default_model_file(std::string_view cache_dir);
std::optional<std::string> find_llama_server(const engine_options& options);

// The id under which a file is served: the default model's own, else the file's name without .gguf, in lower
// case, other characters than those of ids replaced by '-'.
std::string model_id_of_file(std::string_view file);

}  // namespace tp::engine
