// One question at a time through a sealed call: chooses model and node, prints the answer as it comes.
// Used by chat and doctor. Stays with the node that answered first, so that a conversation is read by one
// node only; if that node is gone before it answered, another one is asked. Loop thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/context.hpp"
#include "cli/conversation.hpp"

namespace tp::cli {

struct answered {
  codec::peer_id node;
  std::string node_name;  // cleaned for a terminal
  int status = 0;
  std::string text;   // all of it
  std::string error;  // not empty: node or relay refused
  bool by_relay = false;
};

class asker {
 public:
  // `with_key`: the node's API key, may be empty; outlives this.
  asker(relay_access& relay, std::string model, std::optional<codec::peer_id> pin,
        const secret_key& with_key);

  // The model in use: the wanted one, else the first one on offer. Errors as sealed_client::call.
  task<std::string> choose_model(async::deadline until);

  // `on_node` is called before the first word, `on_text` for each piece. Errors as sealed_client::call; then
  // what on_text got is partial.
  struct hooks {
    std::function<void(const answered&)> on_node;
    std::function<void(std::string_view)> on_text;
  };
  task<answered> ask(const conversation& talk, asking how, const hooks& to, async::deadline until);

  // The raw body of the answer to a question that is not streamed.
  const std::string& raw() const { return raw_; }

 private:
  client::call_request request_for(const conversation& talk, const asking& how) const;
  task<std::unique_ptr<client::sealed_answer>> call(const conversation& talk, const asking& how,
                                                    async::deadline until);
  task<void> read_whole(client::sealed_answer& answer, answered& out, const hooks& to);
  task<void> read_stream(client::sealed_answer& answer, answered& out, const hooks& to);
  task<std::string> name_of(codec::peer_id node, async::deadline until);

  relay_access& relay_;
  std::string model_;
  std::optional<codec::peer_id> pin_;    // what the person wants
  std::optional<codec::peer_id> stays_;  // where this conversation is
  const secret_key& node_key_;
  std::string raw_;
};

}  // namespace tp::cli
