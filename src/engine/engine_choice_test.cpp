#include "engine/engine_choice.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "engine/cpu_cores.hpp"
#include "engine/test_support.hpp"

namespace tp::engine {
namespace {

using namespace testing;

class folder {
 public:
  folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tp-engine-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, std::string_view text, mode_t mode = 0600) const {
    const std::string file = path_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
    return file;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct chooser {
  std::unique_ptr<engine> choose(engine_options options) {
    return make_engine(in.executor(), std::move(options), nullptr, in.with, refusal);
  }
  folder files;
  world in;
  engine_refusal refusal;
};

TEST(engine_choice, mock_with_and_without_a_script) {
  chooser with;
  EXPECT_NE(with.choose({.mock = true}), nullptr);
  EXPECT_NE(with.choose({.mock = true, .mock_script = with.files.write("s", "[]")}), nullptr);
  EXPECT_EQ(with.choose({.mock = true, .mock_script = with.files.write("t", "{")}), nullptr);
  EXPECT_NE(with.refusal.message.find("--mock-script"), std::string::npos);
  EXPECT_EQ(with.choose({.mock = true, .mock_script = "/nowhere"}), nullptr);
  EXPECT_EQ(with.refusal.why, errc::file_not_found);
}

TEST(engine_choice, a_server_by_its_address) {
  chooser with;
  EXPECT_NE(with.choose({.engine_url = "http://127.0.0.1:11434"}), nullptr);
  for (const std::string url : {"127.0.0.1:11434", "ftp://x", "ws://x"}) {
    EXPECT_EQ(with.choose({.engine_url = url}), nullptr) << url;
    EXPECT_NE(with.refusal.message.find("--engine-url"), std::string::npos);
  }
}

TEST(engine_choice, different_engines_at_once_are_refused) {
  chooser with;
  EXPECT_EQ(with.choose({.mock = true, .engine_url = "http://x"}), nullptr);
  EXPECT_EQ(with.refusal.why, errc::invalid_configuration);
  EXPECT_EQ(with.choose({.engine_url = "http://x", .models = {"m.gguf"}}), nullptr);
}

TEST(engine_choice, a_llama_server_is_looked_for_on_path_then_in_the_cache) {
  chooser with;
  engine_options options{.cache_dir = with.files.path()};
  EXPECT_EQ(find_llama_server(options), std::nullopt);
  const std::string cached = with.files.write("engine/v0.5.0/llama-server", "", 0700);
  EXPECT_EQ(find_llama_server(options), cached);
  const std::string installed = with.files.write("bin/llama-server", "", 0700);
  options.environment = {"PATH=relative::" + with.files.path() + "/bin"};
  EXPECT_EQ(find_llama_server(options), installed);
  options.engine_path = with.files.write("no-program", "");
  EXPECT_EQ(find_llama_server(options), std::nullopt);
}

TEST(cpu_cores, hardware_threads_of_one_core_count_once) {
  const folder place;
  place.write("cpu0/topology/thread_siblings_list", "0,2\n");
  place.write("cpu1/topology/thread_siblings_list", "1,3\n");
  place.write("cpu2/topology/thread_siblings_list", "0,2\n");
  EXPECT_EQ(count_cores(place.path(), {0, 1, 2}), 2U);
  EXPECT_EQ(count_cores(place.path(), {0, 2}), 1U);
  EXPECT_EQ(count_cores(place.path(), {0, 8, 9}), 3U) << "nothing known of the last two";
  EXPECT_GE(usable_cores(), 1U);
}

TEST(cpu_cores, an_engine_leaves_one_core_free_where_there_are_more_than_two) {
  EXPECT_EQ(threads_for(1), 1U);
  EXPECT_EQ(threads_for(2), 2U);
  EXPECT_EQ(threads_for(3), 2U);
  EXPECT_EQ(threads_for(4), 3U);
  EXPECT_EQ(threads_for(64), 63U);
}

TEST(engine_choice, says_what_is_missing) {
  chooser with;
  EXPECT_EQ(with.choose({.cache_dir = with.files.path()}), nullptr);
  EXPECT_NE(with.refusal.message.find("no llama-server"), std::string::npos);
  with.files.write("engine/v0.5.0/llama-server", "", 0700);
  EXPECT_EQ(with.choose({.cache_dir = with.files.path()}), nullptr);
  EXPECT_NE(with.refusal.message.find("default model"), std::string::npos);
  EXPECT_EQ(with.choose({.models = {"/nowhere.gguf"}, .cache_dir = with.files.path()}), nullptr);
  EXPECT_NE(with.refusal.message.find("--model"), std::string::npos);
}

TEST(engine_choice, several_models_are_several_engines_behind_one) {
  chooser with;
  with.files.write("engine/v0.5.0/llama-server", "", 0700);
  const std::string one = with.files.write("One.gguf", "");
  const std::string two = with.files.write("Two.gguf", "");
  EXPECT_NE(with.choose({.models = {one, two}, .cache_dir = with.files.path()}), nullptr);
}

TEST(engine_choice, files_become_ids) {
  EXPECT_EQ(model_id_of_file(default_model_file("/c")), default_model_id);
  EXPECT_EQ(model_id_of_file("/a/Qwen2.5-0.5B Instruct.gguf"), "qwen2.5-0.5b-instruct");
  EXPECT_EQ(model_id_of_file("/a/.gguf"), "model");
}

}  // namespace
}  // namespace tp::engine
