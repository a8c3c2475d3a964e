// The coroutine type of the project, and how cancellation works.
// One event loop thread per process runs every task. A task is cancelled through its task_scope; from that
// moment every operation of async/ and net/ in it, pending or begun later, returns errc::cancelled at once.
// Nothing is thrown, so control flow always reaches the cleanup and the join() further down. A loop must
// therefore leave on any error: `while (…) co_await thing.wait();` with the result ignored spins for ever. A
// coroutine lambda has no captures; a spawned coroutine takes values. One co_await per statement.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/error.hpp"

namespace tp {
namespace asio = boost::asio;
}

namespace tp::async {

// What an asynchronous function returns: a result<T>, later.
template <class T>
using task = asio::awaitable<result<T>>;

// The completion token for raw Asio operations (inside async/ and net/ only): co_await gives a tuple whose
// first element is an error_code. It needs no coroutine frame of its own and never throws.
inline constexpr asio::as_tuple_t<asio::deferred_t> as_tuple{};

// For leaf operations: `const auto state = co_await asio::this_coro::cancellation_state;
// if (is_cancelled(state)) co_return errc::cancelled;`
inline bool is_cancelled(const asio::cancellation_state& state) {
  return state.cancelled() != asio::cancellation_type::none;
}

inline result<void> success() { return {}; }

}  // namespace tp::async
