// The commands, one function each: they print what was asked on stdout, everything else on stderr, and return
// the exit code. Event loop thread.
#pragma once

#include "cli/context.hpp"

namespace tp::cli {

int run_up(const context& of);
int run_chat(const context& of);
int run_gateway(const context& of);
int run_nodes(const context& of);
int run_models(const context& of);
int run_keys(const context& of);
int run_doctor(const context& of);
int run_seal(const context& of);
int run_bench(const context& of);

}  // namespace tp::cli
