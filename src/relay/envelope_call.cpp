#include "relay/envelope_call.hpp"

#include <optional>

#include "base/limits.hpp"
#include "link/stream.hpp"

namespace tp::relay {

envelope_call::envelope_call(context& shared, node_link& to)
    : shared_(shared),
      slot_(to.take_slot()),
      started_(shared.now()),
      until_(async::deadline::after(shared.config.time.call)) {
  shared_.count.exchanges.add(1);
}

envelope_call::~envelope_call() { finish(shared_.draining ? outcome::drained : outcome::client_gone); }

void envelope_call::finish(outcome how) {
  if (!std::exchange(open_, false)) return;
  shared_.count.exchanges.add(-1);
  shared_.count.of(how).add();
  answer_.reset();  // resets the stream unless it has ended
  slot_.leave();
}

void envelope_call::finish(errc failure) {
  switch (failure) {
    case errc::deadline_exceeded:
    case errc::stalled:
      return finish(outcome::timed_out);
    case errc::shutting_down:
      return finish(outcome::drained);
    case errc::cancelled:
      return finish(shared_.draining ? outcome::drained : outcome::client_gone);
    default:
      return finish(outcome::node_gone);
  }
}

errc envelope_call::reason_of(errc failure, const async::deadline_guard& guard, errc if_late) const {
  if (failure == errc::cancelled || failure == errc::too_large) return failure;
  if (guard.expired()) return if_late;
  if (failure == errc::deadline_exceeded || failure == errc::shutting_down) return failure;
  return errc::node_gone;
}

async::task<void> envelope_call::send(node_link& to, bytes_view body) {
  auto stream = co_await link::open_http(to.session());
  if (!stream) co_return errc::node_gone;
  net::http_request request;
  request.method = "POST";
  request.target = "/v1-envelope";
  request.fields = {{"Content-Type", json_type}, {"Connection", "close"}};
  request.body = body;
  async::byte_stream* const raw = stream->get();
  const asio::any_io_executor executor = raw->executor();
  const async::deadline head_until = until_.earlier(async::deadline::after(shared_.config.time.first_head));
  // The call owns the stream; the guard ends in the same turn in which the call fails.
  async::deadline_guard guard(executor, head_until, [raw] { raw->reset(); });
  auto answer = co_await net::http_call(std::move(*stream), std::move(request), "node", until_,
                                        net::after_request::close_write);
  if (!answer) co_return reason_of(to_errc(answer.error()), guard, errc::deadline_exceeded);
  answer_ = std::move(*answer);
  shared_.count.first_byte.observe(shared_.now() - started_);
  shared_.count.bytes_up.add(body.size());
  co_return async::success();
}

std::string_view envelope_call::media_type() const {
  std::string_view type = answer_->fields().find("content-type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  for (const std::string_view known : {json_type, stream_type}) {
    if (codec::same_name(type, known)) return known;
  }
  return {};
}

async::task<std::size_t> envelope_call::read_some(bytes_span into) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  net::http_response* const answer = answer_.get();
  const async::deadline until = async::deadline::after(shared_.config.time.silence);
  async::deadline_guard guard(executor, until, [answer] { answer->abort(); });
  const auto size = co_await answer->read_some(into);
  if (!size) co_return reason_of(to_errc(size.error()), guard, errc::stalled);
  shared_.count.bytes_down.add(*size);
  co_return *size;
}

async::task<bytes> envelope_call::read_all(std::size_t bytes_max) {
  bytes all;
  bytes piece(16U << 10);
  for (;;) {  // bounded by bytes_max and the call's deadline
    const auto size = co_await read_some(piece);
    if (!size) co_return size.error();
    if (*size == 0) co_return all;
    if (all.size() + *size > bytes_max) co_return errc::too_large;
    append(all, bytes_view(piece).first(*size));
  }
}

}  // namespace tp::relay
