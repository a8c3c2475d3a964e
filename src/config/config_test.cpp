#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/help.hpp"
#include "config/load.hpp"
#include "config/toml_file.hpp"

namespace tp::config {
namespace {

std::string no_spaces(std::string_view text) {
  return text.find(' ') == std::string_view::npos ? "" : "holds a space";
}

program table() {
  program made;
  made.name = "tool";
  made.version = "1.2.3";
  made.summary = "Does things";
  made.section = "tool";
  made.foreign_sections = {"other"};
  made.options = common_options();
  const std::vector<option> own = {
      {.name = "port",
       .type = option_type::integer,
       .fallback = "5000",
       .help = "Where to listen",
       .group = "Network",
       .minimum = 0,
       .maximum = 65'535,
       .environment = {"RELAY_PORT"}},
      {.name = "use-mock-llm",
       .type = option_type::flag,
       .help = "No model",
       .environment = {"USE_MOCK_LLM"}},
      {.name = "stream", .type = option_type::flag, .fallback = "true", .help = "Show words as they come"},
      {.name = "model", .type = option_type::list, .help = "Models"},
      {.name = "grace", .type = option_type::duration, .fallback = "20s", .help = "Drain", .maximum = 60'000},
      {.name = "tls-key", .type = option_type::path, .help = "Key"},
      {.name = "title", .help = "A name", .letter = 't', .check = no_spaces},
      {.name = "env", .fallback = "development", .choices = {"development", "production"}},
      {.name = "engine", .type = option_type::flag, .one_of = "engine"},
      {.name = "engine-url", .one_of = "engine"},
      {.name = "weights", .type = option_type::list, .one_of = "engine"},
      {.name = "api-key", .help = "Key of the API", .secret = secrecy::secret},
  };
  made.options.insert(made.options.end(), own.begin(), own.end());
  return made;
}

program tree() {
  program made = table();
  made.options = common_options();
  command chat{.name = "chat", .summary = "Talk"};
  chat.options = {{.name = "model", .help = "Which"}, {.name = "message", .help = "What", .letter = 'm'}};
  command keys{.name = "keys",
               .summary = "Keys",
               .positionals = words::some,
               .positionals_max = 1,
               .choices = {"show", "rotate"}};
  command relay{.name = "relay", .summary = "The relay", .positionals = words::pass_on};
  made.commands = {chat, keys, relay};
  return made;
}

class folder {
 public:
  folder() {
    char name[] = "/tmp/tp_config_XXXXXX";
    path_ = mkdtemp(name);
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& file, const std::string& text) const {
    const std::string path = path_ + "/" + file;
    std::ofstream(path) << text;
    return path;
  }

 private:
  std::string path_;
};

TEST(config, takes_defaults_when_nothing_is_said) {
  const loaded out = load(table(), {}, {{"HOME", "/home/u"}});
  ASSERT_EQ(out.step, next_step::run) << out.text;
  EXPECT_EQ(out.values.integer("port"), 5000);
  EXPECT_FALSE(out.values.flag("use-mock-llm"));
  EXPECT_TRUE(out.values.flag("stream"));
  EXPECT_TRUE(out.values.list("model").empty());
  EXPECT_EQ(out.values.duration("grace"), std::chrono::seconds(20));
  EXPECT_EQ(out.values.text("state-dir"), "/home/u/.local/state/token.place");
  EXPECT_FALSE(out.values.given("port"));
}

TEST(config, a_later_source_wins_and_is_named) {
  const folder dir;
  const std::string file =
      dir.write("c.toml", "port = 1\nmodel = ['a', 'b']\n[tool]\ngrace = 5\n[other]\nx = 1\n");
  struct row {
    std::vector<std::string> arguments;
    environment variables;
    std::int64_t port;
    std::string from;
  };
  const row rows[] = {
      {{}, {}, 5000, "default"},
      {{"--config", file}, {}, 1, "file " + file + ", line 1"},
      {{}, {{"TOKEN_PLACE_CONFIG", file}}, 1, "file " + file + ", line 1"},
      {{"--config", file}, {{"RELAY_PORT", "2"}}, 2, "environment RELAY_PORT"},
      {{"--config", file},
       {{"RELAY_PORT", "2"}, {"TOKEN_PLACE_PORT", "3"}},
       3,
       "environment TOKEN_PLACE_PORT"},
      {{"--config", file, "--port=4"}, {{"TOKEN_PLACE_PORT", "3"}}, 4, "flag --port"},
      {{"--port", "4", "--port", "5"}, {}, 5, "flag --port"},
      {{}, {{"TOKEN_PLACE_PORT", ""}}, 5000, "default"},
  };
  for (const row& each : rows) {
    loaded out = load(table(), each.arguments, each.variables);
    ASSERT_EQ(out.step, next_step::run) << out.text;
    EXPECT_EQ(out.values.integer("port"), each.port);
    EXPECT_EQ(provenance(*out.values.find("port")), each.from);
  }
  const loaded sections = load(table(), {"--config", file}, {});
  EXPECT_EQ(sections.values.duration("grace"), std::chrono::seconds(5));
  EXPECT_EQ(sections.values.list("model"), (std::vector<std::string>{"a", "b"}));
}

TEST(config, of_options_that_exclude_each_other_the_highest_source_counts) {
  const folder dir;
  const std::string file = dir.write("c.toml", "engine = true\n");
  const std::string key = dir.write("key", "from-file\n");
  struct row {
    std::vector<std::string> arguments;
    environment variables;
    std::string engine, url, weights;
  };
  const std::string url = "TOKEN_PLACE_ENGINE_URL";
  const std::string weights = "TOKEN_PLACE_WEIGHTS";
  const row rows[] = {
      {{"--engine"}, {{weights, "w"}}, "true", "", ""},
      {{"--engine"}, {{weights, "w"}, {url, "u"}}, "true", "", ""},
      {{"--weights", "v"}, {{url, "u"}}, "false", "", "v"},
      {{"--config", file}, {{url, "u"}}, "false", "u", ""},
      {{"--config", file, "--no-engine"}, {{url, "u"}}, "false", "u", ""},
      {{"--no-engine", "--weights", "v"}, {}, "false", "", "v"},
      {{"--weights="}, {{url, "u"}}, "false", "u", ""},
  };
  for (const row& each : rows) {
    const loaded out = load(table(), each.arguments, each.variables);
    ASSERT_EQ(out.step, next_step::run) << out.text;
    EXPECT_EQ(out.values.flag("engine") ? "true" : "false", each.engine);
    EXPECT_EQ(out.values.text("engine-url"), each.url);
    EXPECT_EQ(out.values.list("weights").empty() ? "" : out.values.list("weights").front(), each.weights);
  }
  const loaded printed = load(table(), {"--engine", "--print-config"}, {{weights, "w"}});
  EXPECT_NE(
      printed.text.find("# weights: unset  # default; environment TOKEN_PLACE_WEIGHTS gives way to engine "
                        "(flag --engine)\n"),
      std::string::npos)
      << printed.text;
  const std::string toml_key = dir.write("k.toml", "api-key = 'from-toml'\n");
  const loaded secret = load(table(), {"--config", toml_key}, {{"TOKEN_PLACE_API_KEY_FILE", key}});
  ASSERT_EQ(secret.step, next_step::run) << secret.text;
  EXPECT_EQ(secret.values.secret("api-key").reveal_text(), "from-file");
}

TEST(config, every_spelling_reaches_the_same_option) {
  struct row {
    std::vector<std::string> arguments;
    environment variables;
    bool mock;
  };
  const row rows[] = {
      {{"--use-mock-llm"}, {}, true},
      {{"--use_mock_llm"}, {}, true},
      {{"--use_mock_llm=0"}, {}, false},
      {{}, {{"USE_MOCK_LLM", "1"}}, true},
      {{}, {{"USE_MOCK_LLM", "False"}}, false},
      {{"--no-use-mock-llm"}, {}, false},
      {{}, {{"TOKEN_PLACE_USE_MOCK_LLM", "yes"}}, true},
  };
  for (const row& each : rows) {
    const loaded out = load(table(), each.arguments, each.variables);
    ASSERT_EQ(out.step, next_step::run) << out.text;
    EXPECT_EQ(out.values.flag("use-mock-llm"), each.mock);
  }
  const loaded out =
      load(table(), {"-tshort", "--model", "a,b", "--model=c", "--tls_key", "~/k", "--no-stream"},
           {{"HOME", "/h"}});
  ASSERT_EQ(out.step, next_step::run) << out.text;
  EXPECT_EQ(out.values.text("title"), "short");
  EXPECT_EQ(out.values.list("model"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(out.values.text("tls-key"), "/h/k");
  EXPECT_FALSE(out.values.flag("stream"));
}

TEST(config, a_wrong_value_names_itself_its_source_and_the_reason) {
  const folder dir;
  const std::string nan = dir.write("nan.toml", "\nport = \"http\"\n");
  const std::string unknown = dir.write("unknown.toml", "prot = 1\n");
  const std::string section = dir.write("section.toml", "[tol]\nport = 1\n");
  const std::string broken = dir.write("broken.toml", "port = 1\nsecret words = = 2\n");
  const std::string list = dir.write("list.toml", "port = [1, 2]\n");
  struct row {
    std::vector<std::string> arguments;
    environment variables;
    std::string line;
  };
  const row rows[] = {
      {{"--port", "http"}, {}, "port (flag --port): \"http\" is not an integer"},
      {{"--port", "65536"}, {}, "port (flag --port): \"65536\" is not between 0 and 65535"},
      {{"--port=-1"}, {}, "port (flag --port): \"-1\" is not between 0 and 65535"},
      {{}, {{"RELAY_PORT", "x"}}, "port (environment RELAY_PORT): \"x\" is not an integer"},
      {{},
       {{"USE_MOCK_LLM", "maybe"}},
       "use-mock-llm (environment USE_MOCK_LLM): \"maybe\" is neither true nor false"},
      {{"--env", "prod"}, {}, "env (flag --env): \"prod\" is not one of development, production"},
      {{"--grace", "soon"},
       {},
       "grace (flag --grace): \"soon\" is not a duration such as 250ms, 30s, 5m or 2h"},
      {{"--grace", "2m"}, {}, "grace (flag --grace): \"2m\" is not between 0 and 60000 ms"},
      {{"-t", "a b"}, {}, "title (flag -t): \"a b\" holds a space"},
      {{"--port"}, {}, "port (flag --port): a value must follow"},
      {{"--prot", "1"}, {}, "\"--prot\" is not an option; did you mean --port?"},
      {{"--nothing-like-it"}, {}, "\"--nothing-like-it\" is not an option; see tool --help"},
      {{"stray"}, {}, "\"stray\" is one word too many; see tool --help"},
      {{"--api-key", "hush"},
       {},
       "api-key (flag --api-key): a secret is never a flag; use --api-key-file or TOKEN_PLACE_API_KEY"},
      {{"--api-key-file", "/nonexistent"},
       {},
       "api-key-file (flag --api-key-file): the file cannot be opened"},
      {{"--weights=w", "--engine"},
       {},
       "engine (flag --engine) and weights (flag --weights) exclude each other; give one of them"},
      {{},
       {{"TOKEN_PLACE_API_KEY", "hush"}, {"TOKEN_PLACE_API_KEY_FILE", "/nonexistent"}},
       "api-key (environment TOKEN_PLACE_API_KEY) and api-key-file (environment TOKEN_PLACE_API_KEY_FILE) "
       "exclude "
       "each other; give one of them"},
      {{"--config", "/nonexistent"}, {}, "config (/nonexistent): the file cannot be opened"},
      {{"--config", nan}, {}, "port (file " + nan + ", line 2): \"http\" is not an integer"},
      {{"--config", unknown}, {}, "\"prot\" (file " + unknown + ", line 1): no such option"},
      {{"--config", section},
       {},
       "[tol] (file " + section + ", line 2): no program or command has this section"},
      {{"--config", broken}, {}, "config (" + broken + "): line 2: not valid TOML"},
      {{"--config", list}, {}, "port (file " + list + ", line 1): one value is expected, not a list"},
  };
  for (const row& each : rows) {
    const loaded out = load(table(), each.arguments, each.variables);
    EXPECT_EQ(out.step, next_step::refuse);
    EXPECT_EQ(out.text, "tool: " + each.line + "\n");
  }
}

TEST(config, a_secret_comes_from_file_or_environment_and_is_never_printed) {
  const folder dir;
  const std::string secret = dir.write("key", "from-file\n");
  const std::string file = dir.write("c.toml", "api-key = 'from-toml'\n");
  struct row {
    std::vector<std::string> arguments;
    environment variables;
    std::string_view expected;
  };
  const row rows[] = {
      {{}, {}, ""},
      {{"--api-key-file", secret}, {}, "from-file"},
      {{"--api_key_file", secret}, {{"TOKEN_PLACE_API_KEY", "from-environment"}}, "from-file"},
      {{}, {{"TOKEN_PLACE_API_KEY", "from-environment"}}, "from-environment"},
      {{}, {{"TOKEN_PLACE_API_KEY_FILE", secret}}, "from-file"},
      {{"--config", file}, {}, "from-toml"},
  };
  for (const row& each : rows) {
    const loaded out = load(table(), each.arguments, each.variables);
    ASSERT_EQ(out.step, next_step::run) << out.text;
    EXPECT_EQ(out.values.secret("api-key").reveal_text(), each.expected);
    std::vector<std::string> printing = each.arguments;
    printing.push_back("--print-config");
    const loaded printed = load(table(), printing, each.variables);
    ASSERT_EQ(printed.step, next_step::print);
    EXPECT_EQ(printed.text.find("from-file"), std::string::npos);
    EXPECT_EQ(printed.text.find("from-toml"), std::string::npos);
    EXPECT_EQ(printed.text.find("from-environment"), std::string::npos);
    const std::string wanted = each.expected.empty() ? "# api-key: unset" : "# api-key: set";
    EXPECT_NE(printed.text.find(wanted), std::string::npos);
  }
}

TEST(config, the_printed_configuration_is_a_configuration_file) {
  const folder dir;
  const loaded first =
      load(table(), {"--port", "7", "--model", "a\"b,c", "--no-stream", "--print-config"}, {});
  ASSERT_EQ(first.step, next_step::print);
  EXPECT_NE(first.text.find("port = 7  # flag --port\n"), std::string::npos);
  EXPECT_NE(first.text.find("env = \"development\"  # default\n"), std::string::npos);
  const std::string file = dir.write("printed.toml", first.text);
  const loaded second = load(table(), {"--config", file}, {});
  ASSERT_EQ(second.step, next_step::run) << second.text;
  EXPECT_EQ(second.values.integer("port"), 7);
  EXPECT_EQ(second.values.list("model"), (std::vector<std::string>{"a\"b", "c"}));
  EXPECT_FALSE(second.values.flag("stream"));
}

TEST(config, help_and_version_and_markdown_come_from_the_table) {
  const loaded help = load(table(), {"--help"}, {});
  ASSERT_EQ(help.step, next_step::print);
  const program made = table();
  for (const option& each : made.options) {
    const bool is_secret = each.secret == secrecy::secret;
    const std::string wanted = is_secret ? environment_name(each.name) : each.name;
    EXPECT_NE(help.text.find(wanted), std::string::npos) << each.name;
  }
  EXPECT_NE(help.text.find("--no-stream"), std::string::npos);
  for (std::size_t start = 0; start < help.text.size();) {
    const std::size_t end = help.text.find('\n', start);
    EXPECT_LE(end - start, 112U);
    start = end + 1;
  }
  EXPECT_NE(help.text.find("\nA TIME is written 250ms"), std::string::npos);
  EXPECT_EQ(load(tree(), {"chat", "--help"}, {}).text.find("A TIME"), std::string::npos);
  EXPECT_EQ(load(table(), {"--version"}, {}).text, "tool 1.2.3\n");
  EXPECT_NE(load(table(), {"--help-markdown"}, {})
                .text.find("| `port N` | `5000` | `TOKEN_PLACE_PORT`, `RELAY_PORT` |"),
            std::string::npos);
}

TEST(config, a_command_has_its_own_options_and_words) {
  const loaded chat = load(tree(), {"--log-level", "debug", "chat", "-m", "hello there", "--model", "x"}, {});
  ASSERT_EQ(chat.step, next_step::run) << chat.text;
  EXPECT_EQ(chat.command, "chat");
  EXPECT_EQ(chat.values.text("message"), "hello there");
  EXPECT_EQ(chosen_log_level(chat.values), log_level::debug);

  const loaded rotate = load(tree(), {"keys", "rotate"}, {});
  ASSERT_EQ(rotate.step, next_step::run) << rotate.text;
  EXPECT_EQ(rotate.words, std::vector<std::string>{"rotate"});

  const loaded relay = load(tree(), {"relay", "--port", "1", "--help"}, {});
  ASSERT_EQ(relay.step, next_step::run) << relay.text;
  EXPECT_EQ(relay.words, (std::vector<std::string>{"--port", "1", "--help"}));
}

TEST(config, a_wrong_command_line_of_commands_is_refused) {
  struct row {
    std::vector<std::string> arguments;
    std::string line;
  };
  const row rows[] = {
      {{}, "a command must follow; see tool --help"},
      {{"caht"}, "\"caht\" is not a command; did you mean chat?"},
      {{"dance"}, "\"dance\" is not a command; see tool --help"},
      {{"keys", "burn"}, "\"burn\" is not something tool keys knows; see tool keys --help"},
      {{"keys", "show", "more"}, "\"more\" is one word too many; see tool keys --help"},
      {{"chat", "--port", "1"}, "\"--port\" is not an option; see tool chat --help"},
  };
  for (const row& each : rows) {
    const loaded out = load(tree(), each.arguments, {});
    EXPECT_EQ(out.step, next_step::refuse);
    EXPECT_EQ(out.text, "tool: " + each.line + "\n");
  }
  const folder dir;
  const std::string shared = dir.write("c.toml", "message = 'hi'\n[chat]\nmodel = 'm'\n[other]\nport = 3\n");
  EXPECT_EQ(load(tree(), {"--config", shared, "keys"}, {}).step, next_step::run);
  EXPECT_EQ(load(tree(), {"--config", shared, "chat"}, {}).values.text("model"), "m");
}

TEST(config, a_file_is_bounded_and_its_words_are_never_quoted) {
  EXPECT_TRUE(std::holds_alternative<refusal>(parse_toml("a = {b = {c = 1}}")));
  EXPECT_TRUE(std::holds_alternative<refusal>(parse_toml("a = 1.5")));
  EXPECT_TRUE(std::holds_alternative<refusal>(parse_toml("a = [[1]]")));
  const file_entries broken = parse_toml("hush = 'never shown\n");
  ASSERT_TRUE(std::holds_alternative<refusal>(broken));
  EXPECT_EQ(std::get<refusal>(broken).why, "line 1: not valid TOML");
  const folder dir;
  const std::string large = dir.write("large.toml", std::string(2U << 20, '#'));
  EXPECT_TRUE(std::holds_alternative<refusal>(read_toml_file(large)));
  EXPECT_TRUE(std::holds_alternative<refusal>(read_toml_file("/tmp")));
}

TEST(config, environment_of_copies_what_main_was_given) {
  const char* const envp[] = {"A=1", "B=x=y", "broken", "C=", nullptr};
  const environment variables = environment_of(envp);
  EXPECT_EQ(variables, (environment{{"A", "1"}, {"B", "x=y"}, {"C", ""}}));
}

}  // namespace
}  // namespace tp::config
