#include "scenario/raw_node.hpp"

#include "codec/json.hpp"
#include "e2ee/node_record.hpp"
#include "net/http_client.hpp"
#include "net/websocket.hpp"

namespace tp::scenario {

namespace {

async::task<std::unique_ptr<link::session>> connect(codec::url relay, const crypto::ed25519_key* identity,
                                                    services* with) {
  relay.scheme = codec::url_scheme::ws;
  relay.target = "/p2p";
  const async::deadline until = async::deadline::after(10s);
  auto stream = co_await net::dial_websocket(std::move(relay), nullptr, until);
  if (!stream) co_return stream.error();
  auto session = co_await link::session::handshake(std::move(*stream), link::role::dialer, *identity,
                                                   std::nullopt, *with, until);
  co_return session;
}

async::task<int> ask(link::session* on, std::string method, std::string path, std::string body,
                     std::string authorization, std::string* out) {
  auto stream = co_await link::open_http(*on);
  if (!stream) co_return stream.error();
  net::http_request request;
  request.method = std::move(method);
  request.target = std::move(path);
  request.body = as_bytes(body);
  if (!authorization.empty()) EXPECT_TRUE(request.fields.add("Authorization", authorization));
  const async::deadline until = async::deadline::after(10s);
  auto answer = co_await net::http_call(std::move(*stream), std::move(request), "relay", until,
                                        net::after_request::close_write);
  if (!answer) co_return answer.error();
  const auto text = co_await (*answer)->read_all(1U << 16);
  if (text && out != nullptr) *out = std::string(as_chars(*text));
  co_return (*answer)->status();
}

}  // namespace

raw_node::raw_node(asio::io_context& loop, codec::url relay, std::uint64_t seed)
    : own(seed),
      loop_(loop),
      identity_(crypto::ed25519_key::generate(own.random)),
      peer_(codec::peer_id::from_public_key(identity_.public_key())),
      keys_(own.clock, own.random),
      calls_(loop.get_executor()),
      running_(loop.get_executor()) {
  auto made = async::run(loop, connect(std::move(relay), &identity_, &own.with));
  EXPECT_TRUE(made.has_value());
  session_ = std::move(*made);
  session_->handle(std::string(link::http_protocol), [this](std::uint32_t id) { return on_stream(id); });
  running_.spawn(
      [](link::session* of, bool* over) -> asio::awaitable<void> {
        const auto end = co_await of->run();
        static_cast<void>(end);  // how it ends is the relay's affair
        *over = true;
      },
      session_.get(), &ended_);
}

raw_node::~raw_node() {
  calls_.cancel();
  running_.cancel();
  async::run(loop_, calls_.join());
  async::run(loop_, running_.join());
}

std::string raw_node::record(std::int64_t seq, std::chrono::seconds lifetime) {
  e2ee::record_fields fields;
  fields.seq = seq;
  fields.issued = own.clock.unix_now();
  fields.expires = fields.issued + lifetime.count();
  fields.name = "stranger";
  fields.ohttp_keys = keys_.key_list();
  fields.models.push_back({std::string(engine::mock_model_id), 4'096, {"chat"}});
  fields.max_concurrency = 4;
  fields.rsa_public_key = rsa_pem;
  const auto made = e2ee::sign_record(fields, identity_);
  EXPECT_TRUE(made.has_value());
  return made ? codec::to_text(e2ee::to_json(*made)) : std::string();
}

int raw_node::control(std::string method, std::string path, std::string body, std::string* body_of) {
  const auto status = async::run(loop_, ask(session_.get(), std::move(method), std::move(path),
                                            std::move(body), authorization, body_of));
  return status ? *status : 0;
}

void raw_node::end_session() { session_->close(); }

link::stream_events* raw_node::on_stream(std::uint32_t id) {
  auto stream = std::make_unique<link::stream>(*session_, id);
  link::stream* const events = stream.get();
  const bool started = calls_.spawn(
      [](raw_node* self, std::unique_ptr<link::stream> of) { return self->serve(std::move(of)); }, this,
      std::move(stream));
  return started ? events : nullptr;
}

asio::awaitable<void> raw_node::serve(std::unique_ptr<link::stream> stream) {
  std::string input;
  bytes buffer(16U << 10);
  while (input.find("\r\n\r\n") == std::string::npos) {
    const auto size = co_await stream->read_some(buffer);
    if (!size || *size == 0) co_return;
    input.append(as_chars(bytes_view(buffer).first(*size)));
  }
  ++requests;
  last_request = input;
  if (!says.empty()) {
    const auto written = co_await stream->write(as_bytes(says));
    if (!written) co_return;
  }
  switch (then) {
    case after_answer::finish: {
      const auto ended = co_await stream->close_write();
      if (!ended) co_return;
      break;
    }
    case after_answer::reset:
      stream->reset();
      co_return;
    case after_answer::end_session:
      session_->close();
      co_return;
    case after_answer::stay:
      break;
  }
  for (;;) {  // until the relay has enough
    const auto size = co_await stream->read_some(buffer);
    if (!size || *size == 0) break;
    last_request.append(as_chars(bytes_view(buffer).first(*size)));
  }
  if (then != after_answer::stay) co_return;
  async::event never(loop_.get_executor());
  const auto cancelled = co_await never.wait();
  static_cast<void>(cancelled);
}

}  // namespace tp::scenario
