// How many processor cores an engine may count on. Reads a few files of Linux at start-up; any thread. Two
// hardware threads of one core count once: the engine's arithmetic fills a core alone.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

namespace tp::engine {

// Cores behind these processor numbers, by the topology in `folder`; one without an entry counts as a core.
std::size_t count_cores(const std::filesystem::path& folder, const std::vector<std::size_t>& processors);

// Threads for an engine on so many cores: all but one, since its threads wait for each other and one without
// a core of its own halts all; but both of two, where one alone would be half as fast.
std::size_t threads_for(std::size_t cores);

// Of this machine, as far as this process may use them; at least one.
std::size_t usable_cores();

}  // namespace tp::engine
