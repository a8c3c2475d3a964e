#include "engine/engine_choice.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/limits.hpp"
#include "codec/url.hpp"
#include "engine/cpu_cores.hpp"
#include "engine/engine_group.hpp"
#include "engine/llama_server.hpp"
#include "engine/mock.hpp"
#include "engine/openai_http.hpp"
#include "openai/error_answer.hpp"

namespace tp::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view default_model_sha256 =
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
constexpr std::string_view engine_version = "v0.5.0";  // tools/setup/get-engine.sh builds this one

std::unique_ptr<engine> refuse(engine_refusal& refusal, errc why, std::string message) {
  refusal.why = why;
  refusal.message = std::move(message);
  return nullptr;
}

bool is_program(const std::string& path) {
  std::error_code failed;
  return fs::is_regular_file(path, failed) && ::access(path.c_str(), X_OK) == 0;
}

std::optional<std::string> find_on_path(const std::vector<std::string>& environment,
                                        std::string_view program) {
  std::string_view path;
  for (const std::string& variable : environment) {
    if (variable.starts_with("PATH=")) path = std::string_view(variable).substr(5);
  }
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const std::string_view folder = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    // An empty or relative entry means "here": nobody's engine should start from where one happens to stand.
    if (!folder.starts_with('/')) continue;
    std::string file = std::string(folder) + "/" + std::string(program);
    if (is_program(file)) return file;
  }
  return std::nullopt;
}

result<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return errc::file_not_found;
  std::string text(bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > bytes_max) return errc::too_large;
  return text;
}

std::unique_ptr<engine> make_mock(const engine_options& options, services& with, engine_refusal& refusal) {
  mock_settings settings;
  if (!options.mock_script.empty()) {
    const result<std::string> text = read_small_file(options.mock_script, limits::mock_script_bytes_max);
    if (!text) return refuse(refusal, to_errc(text.error()), "--mock-script: the file cannot be read");
    result<std::vector<mock_rule>> rules = parse_mock_script(*text);
    if (!rules)
      return refuse(refusal, errc::invalid_configuration, "--mock-script: the file is not a valid script");
    settings.rules = std::move(*rules);
  }
  return std::make_unique<mock>(std::move(settings), with);
}

std::unique_ptr<engine> make_http(const boost::asio::any_io_executor& executor, engine_options& options,
                                  const net::tls_client* tls, services& with, engine_refusal& refusal) {
  const result<codec::url> address = codec::parse_url(options.engine_url);
  const bool http =
      address && (address->scheme == codec::url_scheme::http || address->scheme == codec::url_scheme::https);
  if (!http) {
    return refuse(refusal, errc::invalid_url, "--engine-url: give an address like http://127.0.0.1:11434");
  }
  openai_http_settings settings;
  settings.server.address = *address;
  settings.server.api_key = std::move(options.engine_key);
  return std::make_unique<openai_http>(executor, std::move(settings), tls, with);
}

std::unique_ptr<engine> make_llama(const boost::asio::any_io_executor& executor,
                                   const engine_options& options, services& with, engine_refusal& refusal) {
  const std::optional<std::string> program = find_llama_server(options);
  if (!program) {
    return refuse(
        refusal, errc::file_not_found,
        options.engine_path.empty()
            ? "no llama-server found: run ./tp up, install llama.cpp, or use --engine-url or --use-mock-llm"
            : "--engine: there is no such program");
  }
  std::vector<std::string> models = options.models;
  if (models.empty()) models.emplace_back(default_model_id);
  std::vector<std::unique_ptr<engine>> members;
  for (const std::string& model : models) {
    llama_server_settings settings;
    settings.environment = options.environment;
    settings.options.program = *program;
    settings.options.model_file = model == default_model_id ? default_model_file(options.cache_dir) : model;
    settings.options.model_id = model_id_of_file(settings.options.model_file);
    settings.options.context_length = options.context;
    settings.options.threads = options.threads > 0 ? options.threads : threads_for(usable_cores());
    settings.options.slots = options.max_concurrency;
    std::error_code failed;
    if (!fs::is_regular_file(settings.options.model_file, failed)) {
      return refuse(refusal, errc::file_not_found,
                    model == default_model_id
                        ? "the default model is not there yet: run ./tp up, or give --model FILE"
                        : "--model: there is no such file");
    }
    members.push_back(std::make_unique<llama_server>(executor, std::move(settings), with));
  }
  if (members.size() == 1) return std::move(members.front());
  return std::make_unique<engine_group>(std::move(members));
}

}  // namespace

std::string default_model_file(std::string_view cache_dir) {
  return std::string(cache_dir) + "/models/" + std::string(default_model_sha256) + ".gguf";
}

std::optional<std::string> find_llama_server(const engine_options& options) {
  if (!options.engine_path.empty()) {
    if (!is_program(options.engine_path)) return std::nullopt;
    return options.engine_path;
  }
  if (auto installed = find_on_path(options.environment, "llama-server")) return installed;
  std::string cached = options.cache_dir + "/engine/" + std::string(engine_version) + "/llama-server";
  if (is_program(cached)) return cached;
  return std::nullopt;
}

std::string model_id_of_file(std::string_view file) {
  std::string name = fs::path(file).filename().string();
  if (name.ends_with(".gguf")) name.resize(name.size() - 5);
  if (name == default_model_sha256) return std::string(default_model_id);
  if (name.size() > 128) name.resize(128);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!openai::sane_model_id(std::string_view(&c, 1)) || c == '/') c = '-';
  }
  return name.empty() ? "model" : name;
}

std::unique_ptr<engine> make_engine(const boost::asio::any_io_executor& executor, engine_options options,
                                    const net::tls_client* tls, services& with, engine_refusal& refusal) {
  const int chosen =
      (options.mock ? 1 : 0) + (options.engine_url.empty() ? 0 : 1) + (options.models.empty() ? 0 : 1);
  if (chosen > 1) {
    return refuse(refusal, errc::invalid_configuration,
                  "choose one of --use-mock-llm, --engine-url and --model: they name different engines");
  }
  if (options.mock) return make_mock(options, with, refusal);
  if (!options.engine_url.empty()) return make_http(executor, options, tls, with, refusal);
  return make_llama(executor, options, with, refusal);
}

}  // namespace tp::engine
