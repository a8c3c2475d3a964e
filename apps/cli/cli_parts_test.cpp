#include <gtest/gtest.h>

#include "cli/conversation.hpp"
#include "cli/line_reader.hpp"
#include "cli/table.hpp"
#include "cli/terminal_text.hpp"

namespace tp::cli {
namespace {

TEST(terminal_text, takes_out_what_could_drive_a_terminal) {
  struct row {
    std::string_view in, out;
  };
  const row rows[] = {
      {"plain\ttext\n", "plain\ttext\n"},
      {"\x1b[31mred\x1b[0m", "[31mred[0m"},
      {"\x1b]0;title\x07", "]0;title"},
      {"a\rb\bc\x7f", "abc"},
      {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
       "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
      {"\xc2\x9b"
       "2J",
       "2J"},  // C1 control
      {"a\xe2\x80\xae"
       "b",
       "ab"},  // right-to-left override
      {"bad\xff"
       "byte",
       "bad\xef\xbf\xbd"
       "byte"},
      {"\xc3(", "\xef\xbf\xbd("},
  };
  for (const row& each : rows) {
    terminal_text whole;
    EXPECT_EQ(whole.clean(each.in), each.out);
    terminal_text bytewise;
    std::string out;
    for (const char c : each.in) out += bytewise.clean(std::string_view(&c, 1));
    EXPECT_EQ(out, each.out);
  }
  EXPECT_EQ(clean_line("two\nlines\there"), "two lines here");
}

TEST(message_builder, joins_continued_and_fenced_lines) {
  struct row {
    std::vector<std::string> lines;
    std::string message;
  };
  const row rows[] = {
      {{"one"}, "one"},
      {{"one\\", "two"}, "one\ntwo"},
      {{"\"\"\"", "one", "", "two\\", "\"\"\""}, "one\n\ntwo\\"},
      {{"\"\"\"one", "two\"\"\""}, "one\ntwo"},
      {{"\"\"\"one\"\"\""}, "one"},
      {{""}, ""},
  };
  for (const row& each : rows) {
    message_builder builder;
    for (std::size_t at = 0; at < each.lines.size(); ++at) {
      const bool is_last = at + 1 == each.lines.size();
      EXPECT_EQ(builder.add(each.lines[at]),
                is_last ? message_builder::state::whole : message_builder::state::more);
      EXPECT_EQ(builder.empty(), false || (is_last && each.message.empty()));
    }
    EXPECT_EQ(builder.take(), each.message);
    EXPECT_TRUE(builder.empty());
  }
}

TEST(conversation, becomes_a_request_and_forgets_a_question_without_answer) {
  conversation talk("be brief");
  talk.ask("one");
  talk.answer("1");
  talk.ask("two");
  talk.take_back_question();
  talk.ask("th\"ree");
  const plaintext body = talk.request_body({"m", answer_form::streamed, 5});
  EXPECT_EQ(body.reveal_text(), R"({"model":"m","messages":[{"role":"system","content":"be brief"},)"
                                R"({"role":"user","content":"one"},)"
                                R"({"role":"assistant","content":"1"},{"role":"user","content":"th\"ree"}],)"
                                R"("stream":true,"max_tokens":5})");
  conversation bare("");
  bare.ask("x");
  const plaintext short_body = bare.request_body({"m", answer_form::whole, 0});
  EXPECT_EQ(short_body.reveal_text(), R"({"model":"m","messages":[{"role":"user","content":"x"}]})");
}

TEST(conversation, reads_answers_and_errors_and_survives_nonsense) {
  EXPECT_EQ(read_event(R"({"choices":[{"delta":{"content":"hi"}}]})").text, "hi");
  EXPECT_EQ(read_answer(R"({"choices":[{"message":{"content":"hi"}}]})").text, "hi");
  EXPECT_EQ(read_event(R"({"error":{"message":"busy"}})").error, "busy");
  EXPECT_EQ(read_event(R"({"error":{}})").error, "unknown error");
  for (const std::string_view nonsense : {"", "[]", "{", "{}", R"({"choices":[]})", R"({"choices":[1]})",
                                          R"({"choices":[{"delta":{"content":null}}]})"}) {
    const answer_part part = read_event(nonsense);
    EXPECT_TRUE(part.text.empty() && part.error.empty());
  }
}

TEST(table, aligns_columns_by_characters) {
  EXPECT_EQ(table_text({{"A", "BB"},
                        {"x\xc3\xbc"
                         "y",
                         "z"}}),
            "A    BB\nx\xc3\xbc"
            "y  z\n");
}

}  // namespace
}  // namespace tp::cli
