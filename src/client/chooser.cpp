#include "client/chooser.hpp"

#include <algorithm>

namespace tp::client {

namespace {

bool is_able(const node_entry& node, std::string_view model) {
  return model.empty() ? !node.record.fields().models.empty() : node.record.serves(model);
}

// Smaller is better. A node that tells no capacity is taken at its signed word.
double pressure(const node_entry& node) {
  const std::int64_t capacity =
      node.load.capacity > 0 ? node.load.capacity : node.record.fields().max_concurrency;
  return static_cast<double>(node.load.in_flight + node.load.queued) /
         static_cast<double>(std::max<std::int64_t>(capacity, 1));
}

}  // namespace

std::optional<std::size_t> choose_node(std::span<const node_entry> nodes, std::string_view model,
                                       std::span<const codec::peer_id> excluded, random_source& random) {
  std::vector<std::size_t> able;
  for (std::size_t at = 0; at < nodes.size(); ++at) {
    const bool is_excluded =
        std::find(excluded.begin(), excluded.end(), nodes[at].record.peer()) != excluded.end();
    if (!is_excluded && is_able(nodes[at], model)) able.push_back(at);
  }
  if (able.empty()) return std::nullopt;
  const std::size_t first = static_cast<std::size_t>(random.below(able.size()));
  if (able.size() == 1) return able[first];
  std::size_t second = static_cast<std::size_t>(random.below(able.size() - 1));
  if (second >= first) ++second;
  return pressure(nodes[able[first]]) <= pressure(nodes[able[second]]) ? able[first] : able[second];
}

bool anybody_serves(std::span<const node_entry> nodes, std::string_view model) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const node_entry& node) { return is_able(node, model); });
}

}  // namespace tp::client
