// tokenplace chat: one message, a piped one, or a conversation at a terminal.
#include <unistd.h>

#include <cerrno>

#include <cstdio>

#include "base/limits.hpp"
#include "cli/asker.hpp"
#include "cli/commands.hpp"
#include "cli/line_reader.hpp"
#include "cli/terminal_text.hpp"

namespace tp::cli {

namespace {

class chat {
 public:
  chat(const context& of, relay_access& relay)
      : of_(of),
        asker_(relay, of.values.text("model"), pinned_node(of.values), of.values.secret("node-api-key")),
        talk_(of.values.text("system")),
        is_json_(of.values.flag("json")),
        is_terminal_(::isatty(STDOUT_FILENO) == 1) {}

  // The exit code of one question.
  int ask(std::string_view question) {
    talk_.ask(question);
    asking how;
    how.form = of_.values.flag("stream") && !is_json_ ? answer_form::streamed : answer_form::whole;
    how.max_tokens = of_.values.integer("max-tokens");
    terminal_text filter;
    at_line_start_ = true;
    asker::hooks hooks;
    hooks.on_node = [this](const answered& by) { introduce(by); };
    hooks.on_text = [&](std::string_view text) {
      show(is_terminal_ ? filter.clean(text) : std::string(text));
    };
    const async::deadline until = async::deadline::after(limits::call_time);
    const outcome<answered> out = run_interruptibly(of_.loop, asker_.ask(talk_, how, hooks, until));
    if (!at_line_start_) show("\n");
    if (out.value.has_value() && out.value->error.empty()) {
      talk_.answer(out.value->text);
      if (is_json_) std::printf("%s\n", asker_.raw().c_str());
      std::fflush(stdout);
      return 0;
    }
    talk_.take_back_question();
    if (out.value.has_value()) {
      complain((out.value->by_relay ? "the relay says: " : "the node says: ") + out.value->error);
    } else if (out.how == ended::interrupted) {
      complain("stopped; what is above is not the whole answer");
      was_interrupted_ = true;
    } else {
      complain(explain(to_errc(out.value.error())));
    }
    return 1;
  }

  bool was_interrupted() const { return was_interrupted_; }

 private:
  void introduce(const answered& by) {
    if (told_ && *told_ == by.node) return;
    told_ = by.node;
    const std::string id = by.node.text();
    const std::string name = by.node_name.empty() ? "a node without a name" : "\"" + by.node_name + "\"";
    complain("sealed to " + name + " (…" + id.substr(id.size() - 8) +
             "): the relay cannot read this, the node can");
  }

  void show(std::string_view text) {
    if (text.empty() || is_json_) return;
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    at_line_start_ = text.back() == '\n';
  }

  const context& of_;
  asker asker_;
  conversation talk_;
  bool is_json_;
  bool is_terminal_;
  bool at_line_start_ = true;
  bool was_interrupted_ = false;
  std::optional<codec::peer_id> told_;
};

// At most what one request may hold; nullopt above that.
std::optional<std::string> read_standard_input() {
  std::string text;
  char block[16'384];
  for (;;) {
    const ssize_t size = ::read(STDIN_FILENO, block, sizeof block);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(block, static_cast<std::size_t>(size));
    if (text.size() > limits::request_bytes_max) return std::nullopt;
  }
}

int converse(chat& with) {
  line_reader reader("tokenplace", "> ", ". ");
  complain("Ctrl-C stops an answer, Ctrl-D leaves; a backslash at the end or \"\"\" begins a longer message");
  bool leaves_on_interrupt = false;
  for (;;) {
    const typed_line message = reader.read_message();
    if (message.what == typed::end) {
      std::fputs("\n", stderr);
      return 0;
    }
    if (message.what == typed::interrupt) {
      if (leaves_on_interrupt) return 0;
      leaves_on_interrupt = true;
      complain("Ctrl-C again leaves");
      continue;
    }
    leaves_on_interrupt = false;
    if (message.text.find_first_not_of(" \t\n") == std::string::npos) continue;
    with.ask(message.text);
  }
}

}  // namespace

int run_chat(const context& of) {
  const std::unique_ptr<relay_access> relay = relay_access::open(of, of.values.text("relay"));
  if (relay == nullptr) return 1;
  chat talk(of, *relay);
  if (of.values.given("message")) return talk.ask(of.values.text("message"));
  if (::isatty(STDIN_FILENO) == 1) {
    if (!of.values.flag("json")) return converse(talk);
    complain("json (flag --json): is for one message; add -m TEXT or pipe one in");
    return 2;
  }
  const std::optional<std::string> piped = read_standard_input();
  if (!piped) {
    complain("the message on standard input is too long");
    return 1;
  }
  if (piped->find_first_not_of(" \t\r\n") == std::string::npos) {
    complain("there is nothing to ask: use -m TEXT, pipe a message in, or run it in a terminal");
    return 2;
  }
  return talk.ask(*piped);
}

}  // namespace tp::cli
