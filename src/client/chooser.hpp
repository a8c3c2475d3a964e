// Which node gets a request: of two random able ones, the less loaded. The relay orders the list and tells
// the loads, so the two are drawn at random: it can steer only as far as lying about load reaches. Pure.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "client/directory.hpp"

namespace tp::client {

// An index into `nodes`; nullopt if none serves `model` (empty: any node with a model) outside `excluded`.
std::optional<std::size_t> choose_node(std::span<const node_entry> nodes, std::string_view model,
                                       std::span<const codec::peer_id> excluded, random_source& random);

// Whether any node serves the model.
bool anybody_serves(std::span<const node_entry> nodes, std::string_view model);

}  // namespace tp::client
