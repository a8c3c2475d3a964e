#include "node/sealed_door.hpp"

#include <optional>

#include "base/limits.hpp"
#include "codec/bhttp.hpp"
#include "codec/http_date.hpp"
#include "node/call_run.hpp"
#include "openai/error_answer.hpp"

namespace tp::node {

namespace {

codec::http_fields clear_fields(std::string_view type) {
  codec::http_fields fields{{"Cache-Control", "no-store"}};
  static_cast<void>(fields.add("Content-Type", type));
  return fields;
}

asio::awaitable<void> respond_clear(net::http_exchange& call, openai::api_error error) {
  codec::http_fields fields = fields_of(error);
  static_cast<void>(fields.set("Cache-Control", "no-store"));
  const std::string body = openai::to_text(error);
  const auto sent = co_await call.respond(error.status, fields, as_bytes(body));
  static_cast<void>(sent);  // a relay that has gone needs no answer
}

// Seals each flush into one chunk of the envelope and one write. In the whole form (RFC 9458) nothing can
// leave before the end, so a stream is collected.
class sealed_sink final : public answer_sink {
 public:
  sealed_sink(net::http_exchange& call, e2ee::response_sealer sealer, const clock_source& clock)
      : call_(call), sealer_(std::move(sealer)), clock_(clock) {}

  async::task<void> whole(int status, codec::http_fields fields, plaintext body) override {
    if (signs_ > 0) co_return co_await whole_after_signs(status, std::move(fields), std::move(body));
    add_date(fields);
    const codec::bhttp_response head{status, std::move(fields)};
    const std::size_t padded = e2ee::bucket(codec::bhttp_response_bytes(head, body.reveal()));
    const auto message = codec::encode_bhttp_response(head, body.reveal(), padded);
    if (!message) co_return message.error();
    out_.clear();
    const auto sealed = sealer_.finish(message->reveal(), out_);
    if (!sealed) co_return sealed.error();
    co_return co_await call_.respond(200, envelope_fields(), out_);
  }

  // An informational response. In the whole form nothing can leave before the end.
  async::task<void> sign_of_life() override {
    if (is_whole() || signs_ == limits::bhttp_informational_max) co_return async::success();
    if (signs_ == 0) {
      const auto begun = co_await call_.begin(200, envelope_fields());
      if (!begun) co_return begun.error();
    }
    codec::put_bhttp_processing(pending_, place());
    ++signs_;
    co_return co_await flush();
  }

  async::task<void> begin(int status, codec::http_fields fields) override {
    if (is_whole()) {
      head_ = {status, std::move(fields)};
      co_return async::success();
    }
    if (signs_ == 0) {
      const auto begun = co_await call_.begin(200, envelope_fields());
      if (!begun) co_return begun.error();
    }
    add_date(fields);
    const codec::bhttp_response head{status, std::move(fields)};
    const auto put = codec::put_bhttp_response_head(pending_, head, place());
    if (!put) co_return put.error();
    co_return async::success();  // leaves with the first piece
  }

  async::task<void> piece(plaintext data) override {
    if (is_whole()) {
      pending_.append(data.reveal());
      if (pending_.size() > limits::response_bytes_max) co_return errc::message_too_large;
      co_return async::success();
    }
    codec::put_bhttp_content(pending_, data.reveal());
    co_return co_await flush();
  }

  async::task<void> end() override {
    if (is_whole()) {
      plaintext body = std::move(pending_);
      co_return co_await whole(head_.status, std::move(head_.fields), std::move(body));
    }
    codec::put_bhttp_end(pending_);
    co_return co_await finish();
  }

 private:
  codec::bhttp_place place() const {
    return signs_ == 0 ? codec::bhttp_place::begins : codec::bhttp_place::follows;
  }
  async::task<void> whole_after_signs(int status, codec::http_fields fields, plaintext body) {
    add_date(fields);
    const codec::bhttp_response head{status, std::move(fields)};
    const auto put = codec::put_bhttp_response_head(pending_, head, place());
    if (!put) co_return put.error();
    codec::put_bhttp_content(pending_, body.reveal());
    constexpr std::size_t end_bytes = 2;
    const std::size_t size = pending_.size() + end_bytes;
    codec::put_bhttp_end(pending_, e2ee::bucket(size) - size);
    co_return co_await finish();
  }
  async::task<void> flush() {
    out_.clear();
    const auto sealed = sealer_.piece(pending_.reveal(), out_);
    pending_.clear();
    if (!sealed) co_return sealed.error();
    co_return co_await call_.write(out_);
  }
  async::task<void> finish() {
    out_.clear();
    const auto sealed = sealer_.finish(pending_.reveal(), out_);
    if (!sealed) co_return sealed.error();
    const auto written = co_await call_.write(out_);
    if (!written) co_return written.error();
    co_return co_await call_.end();
  }
  bool is_whole() const { return sealer_.envelope_form() == e2ee::form::whole; }
  void add_date(codec::http_fields& fields) const {
    static_cast<void>(fields.set("date", codec::http_date(clock_.unix_now())));
  }
  codec::http_fields envelope_fields() const {
    codec::http_fields fields = clear_fields(sealer_.media_type());
    if (!is_whole()) static_cast<void>(fields.add("Incremental", "?1"));
    return fields;
  }

  net::http_exchange& call_;
  e2ee::response_sealer sealer_;
  const clock_source& clock_;
  codec::bhttp_response head_;
  plaintext pending_;
  std::size_t signs_ = 0;  // informational responses
  bytes out_;
};

}  // namespace

asio::awaitable<void> sealed_door::serve(net::http_exchange& call, reading_room& uploads) {
  const std::string_view method = call.request().method();
  const std::string_view path = call.request().path();
  if (path == "/healthz" && method == "GET") {
    const codec::http_fields fields = clear_fields("application/json");
    const auto sent = co_await call.respond(200, fields, as_bytes("{\"status\":\"ok\"}"));
    static_cast<void>(sent);
    co_return;
  }
  if (path == "/ohttp" && method == "POST") co_return co_await serve_sealed(call, uploads);
  co_await respond_clear(call, openai::error_answer(openai::refusal::not_found));
}

asio::awaitable<void> sealed_door::serve_sealed(net::http_exchange& call, reading_room& uploads) {
  const auto form = e2ee::request_form(call.request().find("content-type").value_or(""));
  if (!form) {
    co_return co_await respond_clear(call, openai::error_answer(openai::refusal::unsupported_media_type));
  }
  if (uploads.full()) {
    count_.refused.add();
    co_return co_await respond_clear(call, openai::error_answer(errc::node_busy));
  }
  std::optional<reading_room::seat> seat(std::in_place, uploads);
  auto opened = co_await read(call, *form);
  seat.reset();
  if (!opened) co_return co_await refuse_clear(call, to_errc(opened.error()));
  co_await answer(call, std::move(*opened));
}

// The whole envelope; why it is none.
async::task<e2ee::sealed_call> sealed_door::read(net::http_exchange& call, e2ee::form form) {
  e2ee::sealed_request_reader reader(keys_, form);
  bytes slice(16U << 10);
  for (;;) {  // bounded by the envelope's own limit
    const auto size = co_await call.read_body_some(slice);
    if (!size) {
      const bool too_large = to_errc(size.error()) == errc::too_large;
      co_return too_large ? errc::message_too_large : errc::truncated;
    }
    if (*size == 0) break;
    const auto pushed = reader.push(bytes_view(slice).first(*size));
    if (!pushed) co_return pushed.error();
  }
  const e2ee::request_policy policy{.self = self_, .now = with_.clock.unix_now(), .routes = api_.routes()};
  co_return reader.end(policy, with_.random);
}

asio::awaitable<void> sealed_door::answer(net::http_exchange& call, e2ee::sealed_call opened) {
  sealed_sink sink(call, std::move(opened.answer), with_.clock);
  if (!opened.request) co_return co_await api_.refuse(openai::error_answer(opened.request.error()), sink);
  codec::bhttp_request request = std::move(*opened.request);
  if (!api_.admits(caller::sealed, request.fields.find("authorization"))) {
    co_return co_await api_.refuse(openai::error_answer(openai::refusal::invalid_api_key), sink);
  }
  api_call wanted;
  wanted.method = std::move(request.method);
  wanted.target = std::move(request.path);
  wanted.content_type = std::string(request.fields.find("content-type").value_or("application/json"));
  wanted.body = std::move(request.content);
  co_await api_.answer(std::move(wanted), sink);
}

// The same words for every way an envelope can be wrong in its class (E2EE section 9).
asio::awaitable<void> sealed_door::refuse_clear(net::http_exchange& call, errc failure) {
  count_.envelopes_refused.add();
  with_.log.debug("envelope_refused", field("reason", make_error_code(failure)));
  return respond_clear(call, openai::error_answer(failure));
}

}  // namespace tp::node
