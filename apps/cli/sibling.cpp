#include "cli/sibling.hpp"

#include <unistd.h>

#include <filesystem>

#include "cli/context.hpp"

namespace tp::cli {

namespace {

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string own_path() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string() : path.string();
}

std::string find_sibling(std::string_view program, const config::environment& variables) {
  const std::filesystem::path beside = std::filesystem::path(own_path()).parent_path() / program;
  if (is_program(beside.string())) return beside.string();
  const auto path = variables.find("PATH");
  std::string_view rest = path == variables.end() ? std::string_view() : std::string_view(path->second);
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string candidate = (std::filesystem::path(rest.substr(0, colon)) / program).string();
    if (colon > 0 && is_program(candidate)) return candidate;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return {};
}

std::vector<std::string> child_environment(const config::environment& variables) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : variables) {
    // Our own configuration file may hold what another program would refuse.
    if (name != "TOKEN_PLACE_CONFIG") texts.push_back(name + "=" + value);
  }
  return texts;
}

int become(std::string_view program, const std::vector<std::string>& arguments,
           const config::environment& variables) {
  const std::string path = find_sibling(program, variables);
  if (path.empty()) {
    complain(std::string(program) + " is neither beside this program nor on PATH; build or install it");
    return 1;
  }
  std::vector<std::string> texts{path};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<std::string> settings;
  for (const auto& [name, value] : variables) settings.push_back(name + "=" + value);
  ::execve(path.c_str(), pointers_to(texts).data(), pointers_to(settings).data());
  complain(std::string(program) + " could not be started");
  return 1;
}

}  // namespace tp::cli
