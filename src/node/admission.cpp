#include "node/admission.hpp"

namespace tp::node {

admission::admission(const asio::any_io_executor& executor, std::size_t slots, std::size_t queue_max)
    : executor_(executor), slots_(slots), queue_max_(queue_max) {}

async::task<admission::slot> admission::enter(async::deadline until) {
  if (in_flight_ < slots_ && waiting_.empty()) {
    ++in_flight_;
    changed();
    co_return slot(this);
  }
  if (waiting_.size() >= queue_max_) co_return errc::node_busy;
  const auto place = waiting_.emplace(waiting_.end(), executor_);
  changed();
  const async::deadline_guard guard(executor_, until, [place] {
    place->late = true;
    place->turn.notify();
  });
  bool cancelled = false;
  while (!place->admitted && !place->late && !cancelled) {
    const auto woken = co_await place->turn.wait();
    cancelled = !woken;
  }
  const bool admitted = place->admitted;
  waiting_.erase(place);
  if (!admitted) admit_next();  // a slot that was free while this one held the queue
  changed();
  if (!admitted) co_return cancelled ? errc::cancelled : errc::node_busy;
  slot taken(this);
  if (cancelled) co_return errc::cancelled;  // the slot goes on to the next one waiting
  co_return taken;
}

void admission::leave() {
  --in_flight_;
  admit_next();
  changed();
}

// A free slot passes to the first who still waits for one; nobody can overtake.
void admission::admit_next() {
  if (in_flight_ >= slots_) return;
  for (waiter& next : waiting_) {
    if (next.admitted || next.late) continue;
    next.admitted = true;
    ++in_flight_;
    next.turn.notify();
    return;
  }
}

void admission::changed() const {
  if (on_change_) on_change_();
}

}  // namespace tp::node
