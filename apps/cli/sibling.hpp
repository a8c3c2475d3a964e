// The other programs of the package: where they are and how to become one of them.
#pragma once

#include <string>
#include <vector>

#include "config/option.hpp"

namespace tp::cli {

// The path of this program.
std::string own_path();
// "tokenplace-relay" beside this program, else on PATH; empty if nowhere.
std::string find_sibling(std::string_view program, const config::environment& variables);
// "NAME=value" for a child, without what is meant for this program only.
std::vector<std::string> child_environment(const config::environment& variables);
// Replaces this process; returns an exit code only if that failed, after saying why.
int become(std::string_view program, const std::vector<std::string>& arguments,
           const config::environment& variables);

}  // namespace tp::cli
