#include "engine/cpu_cores.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>

namespace tp::engine {

std::size_t count_cores(const std::filesystem::path& folder, const std::vector<std::size_t>& processors) {
  std::set<std::string> cores;  // each named by its list of processors
  for (const std::size_t number : processors) {
    const std::string name = "cpu" + std::to_string(number);
    std::ifstream file(folder / name / "topology" / "thread_siblings_list");
    std::string siblings;
    std::getline(file, siblings);
    cores.insert(siblings.empty() ? name : siblings);
  }
  return cores.size();
}

std::size_t threads_for(std::size_t cores) { return cores > 2 ? cores - 1 : std::max<std::size_t>(cores, 1); }

std::size_t usable_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  std::vector<std::size_t> processors;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    for (std::size_t i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &allowed)) processors.push_back(i);
    }
  }
  return std::max<std::size_t>(count_cores("/sys/devices/system/cpu", processors), 1);
}

}  // namespace tp::engine
