#include "engine/engine_group.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace tp::engine {

engine_group::engine_group(std::vector<std::unique_ptr<engine>> members) : members_(std::move(members)) {
  TP_ASSERT(!members_.empty());
}

engine_group::~engine_group() = default;

engine* engine_group::find(std::string_view model) const {
  for (const auto& member : members_) {
    if (!member->healthy()) continue;
    const std::vector<model_info> listed = member->models();
    const auto serves = [model](const model_info& info) { return model.empty() || info.id == model; };
    if (std::any_of(listed.begin(), listed.end(), serves)) return member.get();
  }
  return nullptr;
}

async::task<std::unique_ptr<engine_answer>> engine_group::call(engine_request request,
                                                               async::deadline until) {
  engine* member = find(request.model);
  if (member == nullptr) co_return errc::engine_unavailable;
  co_return co_await member->call(std::move(request), until);
}

std::vector<model_info> engine_group::models() const {
  std::vector<model_info> out;
  for (const auto& member : members_) {
    if (!member->healthy()) continue;
    for (model_info& info : member->models()) out.push_back(std::move(info));
  }
  return out;
}

async::task<void> engine_group::start(async::deadline until) {
  result<void> outcome = errc::engine_unavailable;
  for (const auto& member : members_) {
    const result<void> started = co_await member->start(until);
    if (started) outcome = started;
    if (!started && !outcome) outcome = started;
    if (!started && to_errc(started.error()) == errc::cancelled) co_return started;
  }
  co_return outcome;
}

boost::asio::awaitable<void> engine_group::stop() {
  for (const auto& member : members_) co_await member->stop();
}

engine_state engine_group::state() const {
  for (const engine_state wanted :
       {engine_state::ready, engine_state::starting, engine_state::restarting, engine_state::failed}) {
    for (const auto& member : members_) {
      if (member->state() == wanted) return wanted;
    }
  }
  return engine_state::stopped;
}

engine_reason engine_group::reason() const {
  for (const auto& member : members_) {
    if (member->reason() != engine_reason::none) return member->reason();
  }
  return engine_reason::none;
}

}  // namespace tp::engine
