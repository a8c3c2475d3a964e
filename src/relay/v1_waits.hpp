// Requests that wait for something to come (long polls), by the key they wait for. Each costs its coroutine
// and a timer, nothing else. Owned by v1_desk, outlives its places; event loop thread only. Bounded in all
// and by key: whoever finds no room is answered at once.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "async/deadline.hpp"
#include "async/event.hpp"

namespace tp::relay {

class v1_waits {
 public:
  v1_waits(std::size_t total_max, std::size_t per_key_max)
      : total_max_(total_max), per_key_max_(per_key_max) {}
  v1_waits(const v1_waits&) = delete;
  v1_waits& operator=(const v1_waits&) = delete;

  bool has_room(std::string_view key) const;

  // Ask has_room() first, in the same turn. What was woken before wait() counts.
  class place {
   public:
    place(v1_waits& room, const std::string& key, const asio::any_io_executor& executor);
    ~place();
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    // Until woken or `until`, perhaps without a reason. Errors: cancelled.
    async::task<void> wait(async::deadline until);

   private:
    v1_waits& room_;
    async::event woken_;
    std::multimap<std::string, async::event*, std::less<>>::iterator at_;
  };

  void wake(std::string_view key);
  void wake_all();
  std::size_t size() const noexcept { return waiting_.size(); }

 private:
  const std::size_t total_max_;
  const std::size_t per_key_max_;
  std::multimap<std::string, async::event*, std::less<>> waiting_;
};

}  // namespace tp::relay
