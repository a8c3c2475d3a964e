// Replays a corpus folder without libFuzzer: every file as it is, every prefix of it, and seeded mutations.
//   NAME_fuzz FOLDER
// The same inputs in every run. When the target dies, the case that killed it is named on stderr.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Sanitizers leave through this instead of SIGABRT; absent in plain builds.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr std::size_t prefixes_max = 512;         // bytes of a file whose every prefix is tried
constexpr std::size_t mutations_per_file = 1000;  // a few milliseconds a file
constexpr std::size_t steps_max = 4;              // changes stacked in one mutation

struct seed_file {
  std::string name;
  tp::bytes content;
};

std::array<char, 160> current_case{};  // what runs now, for the handlers below

void name_case(const std::string& file, const char* what, std::size_t number) {
  std::snprintf(current_case.data(), current_case.size(), "replay: died in %.80s %s %zu\n", file.c_str(),
                what, number);
}

void print_case() { std::fputs(current_case.data(), stderr); }

void on_abort(int) {
  print_case();
  std::_Exit(134);
}

void run(const tp::bytes& input) {
  const tp::bytes exact(input.begin(), input.end());  // no spare capacity, so that an overread is seen
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::vector<seed_file> load(const std::filesystem::path& folder) {
  std::vector<seed_file> seeds;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    std::ifstream file(entry.path(), std::ios::binary);
    seeds.push_back({entry.path().filename().string(),
                     tp::bytes(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>())});
  }
  std::sort(seeds.begin(), seeds.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return seeds;
}

std::uint64_t stable_hash(const std::string& text) {  // FNV-1a: the same on every machine
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
  return hash;
}

// Bytes at which decoders change their mind.
constexpr std::array<std::uint8_t, 16> edges{0x00, 0x01, 0x0a, 0x0d, 0x20, 0x22, 0x2f, 0x3d,
                                             0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xf4, 0xff};

void mutate_once(tp::bytes& input, const tp::bytes& other, tp::random_source& random) {
  const std::size_t size = input.size();
  const auto at = static_cast<std::ptrdiff_t>(random.below(size + 1));
  const auto index = static_cast<std::size_t>(at) % std::max<std::size_t>(size, 1);
  const auto length = static_cast<std::ptrdiff_t>(random.below(size - static_cast<std::size_t>(at) + 1));
  const auto edge = edges[random.below(edges.size())];
  switch (random.below(8)) {
    case 0:
      if (size != 0) input[index] = static_cast<std::uint8_t>(input[index] ^ (1U << random.below(8)));
      break;
    case 1:
      if (size != 0) input[index] = edge;
      break;
    case 2:
      input.insert(input.begin() + at, edge);
      break;
    case 3:
      input.insert(input.begin() + at, static_cast<std::uint8_t>(random.below(256)));
      break;
    case 4:
      input.erase(input.begin() + at, input.begin() + at + length);
      break;
    case 5: {
      const tp::bytes slice(input.begin() + at, input.begin() + at + length);
      input.insert(input.end(), slice.begin(), slice.end());
      break;
    }
    case 6:
      input.resize(static_cast<std::size_t>(at));
      break;
    default: {
      const auto from = static_cast<std::ptrdiff_t>(random.below(other.size() + 1));
      input.insert(input.begin() + at, other.begin() + from, other.end());
    }
  }
}

void replay(const seed_file& seed, const std::vector<seed_file>& all) {
  name_case(seed.name, "as it is", 0);
  run(seed.content);
  for (std::size_t size = 0; size < std::min(seed.content.size(), prefixes_max); ++size) {
    name_case(seed.name, "prefix", size);
    run(tp::bytes(seed.content.begin(), seed.content.begin() + static_cast<std::ptrdiff_t>(size)));
  }
  tp::seeded_random random(stable_hash(seed.name));
  for (std::size_t i = 0; i < mutations_per_file; ++i) {
    tp::bytes input = seed.content;
    const std::size_t steps = 1 + random.below(steps_max);
    for (std::size_t step = 0; step < steps; ++step) {
      mutate_once(input, all[random.below(all.size())].content, random);
    }
    name_case(seed.name, "mutation", i);
    run(input);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: NAME_fuzz FOLDER\n", stderr);
    return 2;
  }
  const std::vector<seed_file> seeds = load(arguments[1]);
  if (seeds.empty()) {
    std::fputs("replay: the corpus folder has no files\n", stderr);
    return 1;
  }
  std::signal(SIGABRT, on_abort);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(print_case);
  for (const seed_file& seed : seeds) replay(seed, seeds);
  return 0;
}
