#include "scenario/raw_client.hpp"

#include "codec/http1.hpp"
#include "codec/json.hpp"
#include "net/dial.hpp"

namespace tp::scenario {

namespace {

constexpr auto patience = 15s;

asio::awaitable<void> write_all(net::connection* to, std::string data) {
  const auto written = co_await to->write(as_bytes(data));
  static_cast<void>(written);  // a relay that closed meanwhile is what some tests want
}

}  // namespace

std::string raw_answer::code() const {
  const auto parsed = codec::parse_json(body);
  if (!parsed || !parsed->is_object()) return "not JSON";
  const json::object* error = codec::find_object(parsed->get_object(), "error");
  const json::string* found = error == nullptr ? nullptr : codec::find_string(*error, "code");
  return found == nullptr ? "none" : std::string(codec::text_of(*found));
}

raw_client::raw_client(asio::io_context& loop, std::uint16_t port, int receive_bytes)
    : loop_(loop), writing_(loop.get_executor()) {
  asio::ip::tcp::socket socket(loop);
  socket.open(asio::ip::tcp::v4());
  if (receive_bytes > 0) socket.set_option(asio::socket_base::receive_buffer_size(receive_bytes));
  error_code failed;
  socket.connect({asio::ip::address_v4::loopback(), port},
                 failed);  // the backlog takes it; nobody is waited for
  EXPECT_FALSE(failed);
  socket_ = std::make_unique<net::connection>(std::move(socket));
}

raw_client::~raw_client() {
  reset();
  async::run(loop_, writing_.join());
}

void raw_client::send(std::string data) { writing_.spawn(write_all, socket_.get(), std::move(data)); }

void raw_client::reset() {
  socket_->reset();
  writing_.cancel();
}

void raw_client::end_writing() {
  const auto ended = async::run(loop_, socket_->close_write());
  EXPECT_TRUE(ended.has_value());
}

async::task<std::size_t> raw_client::read_more() {
  bytes buffer(64U << 10);
  const auto size = co_await socket_->read_some(buffer);
  if (!size) co_return size.error();
  if (*size == 0) co_return errc::connection_closed;
  input_.append(as_chars(bytes_view(buffer).first(*size)));
  co_return *size;
}

async::task<raw_answer> raw_client::read_answer() {
  raw_answer out;
  codec::http_head head;
  std::size_t head_size = 0;
  for (;;) {  // ended by the guard in answer()
    const auto parsed = codec::parse_response_head(input_, head);
    if (!parsed) co_return parsed.error();
    head_size = *parsed;
    if (head_size > 0 && head.status() >= 200) break;
    if (head_size > 0) {
      input_.erase(0, head_size);
      ++informational_;
      continue;
    }
    const auto more = co_await read_more();
    if (!more) co_return out;
  }
  out.status = head.status();
  for (const codec::http_field& each : head.fields())
    static_cast<void>(out.fields.add(each.name, each.value));
  const auto framing = codec::response_framing(head, "POST");
  if (!framing) co_return framing.error();
  input_.erase(0, head_size);
  codec::body_decoder body(*framing);
  while (!body.done()) {
    if (input_.empty()) {
      const auto more = co_await read_more();
      if (!more) co_return out;
    }
    const auto step = body.next(as_bytes(input_));
    if (!step) co_return step.error();
    out.body.append(as_chars(step->piece));
    input_.erase(0, step->consumed);
  }
  out.complete = true;
  co_return out;
}

raw_answer raw_client::answer() {
  const async::deadline_guard guard(loop_.get_executor(), async::deadline::after(patience),
                                    [this] { reset(); });
  auto got = async::run(loop_, read_answer());
  EXPECT_TRUE(got.has_value() && !guard.expired());
  return got ? std::move(*got) : raw_answer();
}

async::task<bool> raw_client::read_to(std::string_view text) {
  while (input_.find(text) == std::string::npos) {
    const auto more = co_await read_more();
    if (!more) co_return false;
  }
  co_return true;
}

bool raw_client::read_until(std::string_view text) {
  const async::deadline_guard guard(loop_.get_executor(), async::deadline::after(patience),
                                    [this] { reset(); });
  return async::run(loop_, read_to(text)).value();
}

async::task<bool> raw_client::read_to_end() {
  for (;;) {
    const auto more = co_await read_more();
    if (!more) co_return true;
  }
}

bool raw_client::closed() {
  const async::deadline_guard guard(loop_.get_executor(), async::deadline::after(patience),
                                    [this] { reset(); });
  static_cast<void>(async::run(loop_, read_to_end()));
  return !guard.expired();
}

std::string sealed_head(const codec::peer_id& node, std::string_view fields) {
  std::string out = "POST /api/v2/nodes/" + node.text() + "/ohttp HTTP/1.1\r\nHost: relay\r\nContent-Type: ";
  return out.append(e2ee::request_media_type(e2ee::form::chunked))
      .append("\r\n")
      .append(fields)
      .append("\r\n");
}

std::string sealed_post(const codec::peer_id& node, bytes_view body, std::string_view fields) {
  std::string all(fields);
  all.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return sealed_head(node, all).append(as_chars(body));
}

}  // namespace tp::scenario
