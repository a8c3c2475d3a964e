// How llama-server is called: from our options and from what the program at hand understands.
// Pure. Options that older builds lack are left out: an installed llama-server may be years old.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tp::engine {

enum class embedding_support { off, on };

struct llama_options {
  std::string program;              // a path; PATH is not searched
  std::string model_file;           // GGUF
  std::string model_id;             // as clients name it
  std::int64_t context_length = 0;  // tokens of one call; 0: limits::engine_context_default
  std::size_t slots = 1;            // calls at once
  std::size_t threads = 1;          // its threads wait for each other: one without a core halts them all
};

// The options in the text of `llama-server --help`, line by line.
class llama_help {
 public:
  void on_line(std::string_view line);
  bool knows(std::string_view option) const;
  bool empty() const { return options_.empty(); }

 private:
  std::vector<std::string> options_;  // bounded by limits::engine_help_options_max
};

// program, model, address and limits; for chat and embeddings at once where the program can. Nothing that
// prints, stores or shows prompts is left on: no slots page, no log of requests, no prompt cache beyond the
// slots' own.
std::vector<std::string> llama_arguments(const llama_options& options, const llama_help& help,
                                         embedding_support embeddings, std::uint16_t port);

}  // namespace tp::engine
