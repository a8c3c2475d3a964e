#include "cli/line_reader.hpp"

#include <histedit.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cwchar>

namespace tp::cli {

namespace {

constexpr int history_lines_max = 1'000;

// Set by the handler below; a signal handler can reach nothing else.
volatile std::sig_atomic_t interrupted = 0;
void on_interrupt(int) { interrupted = 1; }

// While a line is typed, Ctrl-C interrupts the read and nothing more.
class interrupt_guard {
 public:
  interrupt_guard() {
    interrupted = 0;
    struct sigaction action{};
    action.sa_handler = on_interrupt;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, &before_);
  }
  interrupt_guard(const interrupt_guard&) = delete;
  interrupt_guard& operator=(const interrupt_guard&) = delete;
  ~interrupt_guard() { ::sigaction(SIGINT, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

// One character from the terminal. libedit's own reader swallows the first interruption.
int read_character(EditLine*, wchar_t* out) {
  std::mbstate_t state{};
  for (;;) {
    char byte = 0;
    const ssize_t size = ::read(STDIN_FILENO, &byte, 1);
    if (size < 0 && errno == EINTR && interrupted == 0) continue;
    if (size <= 0) return static_cast<int>(size);
    const std::size_t used = std::mbrtowc(out, &byte, 1, &state);
    if (used == static_cast<std::size_t>(-2)) continue;
    if (used == static_cast<std::size_t>(-1)) *out = L'?';
    return 1;
  }
}

std::string to_utf8(const wchar_t* text, int size) {
  std::string out;
  for (int at = 0; at < size; ++at) {
    char encoded[MB_LEN_MAX];
    std::mbstate_t state{};
    const std::size_t used = std::wcrtomb(encoded, text[at], &state);
    if (used != static_cast<std::size_t>(-1)) out.append(encoded, used);
  }
  return out;
}

}  // namespace

struct line_reader::editor {
  EditLine* line = nullptr;
  HistoryW* history = nullptr;
  const char* prompt = "";
  static char* prompt_of(EditLine* of) {
    void* data = nullptr;
    ::el_get(of, EL_CLIENTDATA, &data);
    return const_cast<char*>(static_cast<editor*>(data)->prompt);
  }
};

line_reader::line_reader(const char* program, const char* prompt, const char* more_prompt)
    : editor_(std::make_unique<editor>()), prompt_(prompt), more_prompt_(more_prompt) {
  editor_->line = ::el_init(program, stdin, stderr, stderr);
  editor_->history = ::history_winit();
  HistEventW event{};
  ::history_w(editor_->history, &event, H_SETSIZE, history_lines_max);
  ::history_w(editor_->history, &event, H_SETUNIQUE, 1);
  ::el_wset(editor_->line, EL_CLIENTDATA, editor_.get());
  ::el_set(editor_->line, EL_PROMPT, &editor::prompt_of);
  ::el_wset(editor_->line, EL_EDITOR, L"emacs");
  ::el_wset(editor_->line, EL_HIST, history_w, editor_->history);
  ::el_wset(editor_->line, EL_GETCFN, read_character);
  ::el_wset(editor_->line, EL_BIND, L"^R", L"em-inc-search-prev", nullptr);
  ::el_source(editor_->line, nullptr);
}

line_reader::~line_reader() {
  ::history_wend(editor_->history);
  ::el_end(editor_->line);
}

typed_line line_reader::read_line(const char* prompt) {
  editor_->prompt = prompt;
  const interrupt_guard guard;
  int size = 0;
  // libedit shows the prompt and only then leaves the line mode, in which a Ctrl-D typed at once is lost.
  ::el_set(editor_->line, EL_PREP_TERM, 1);
  const wchar_t* text = ::el_wgets(editor_->line, &size);
  if (interrupted != 0) {
    ::el_reset(editor_->line);
    std::fputs("\n", stderr);
    return {typed::interrupt, {}};
  }
  if (text == nullptr || size <= 0) return {typed::end, {}};
  HistEventW event{};
  const bool is_blank = size == 1;
  if (!is_blank) ::history_w(editor_->history, &event, H_ENTER, text);
  std::string line = to_utf8(text, size);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return {typed::line, std::move(line)};
}

typed_line line_reader::read_message() {
  message_builder message;
  for (;;) {
    typed_line next = read_line(message.empty() ? prompt_ : more_prompt_);
    if (next.what != typed::line) return next;
    if (message.add(next.text) == message_builder::state::whole) return {typed::line, message.take()};
  }
}

}  // namespace tp::cli
